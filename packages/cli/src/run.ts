import { type Command, CommanderError } from 'commander'
import { Failure, messageOf } from './failure.ts'
import { program } from './program.ts'
import { printable, styleFor } from './render/text.ts'
import type { Terminal } from './terminal.ts'

/**
 * Runs one command line (without `node` and the script) and answers the exit code: 0 done, 1 failed or refused, 2 wrong
 * usage or input. Never rejects: what went wrong is one line, or one JSON object, on standard error.
 */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode = 0
  const exit = (code: number): void => {
    exitCode = code
  }
  const command = program({ terminal, exit })
  const usage: string[] = []
  listen(command, terminal, (text) => usage.push(text))
  try {
    await command.parseAsync([...args], { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return usageOutcome(error, usage.join(''), args, terminal)
    const failure = error instanceof Failure ? error : undefined
    complain(failure?.code ?? 'failed', messageOf(error), args, terminal)
    return failure?.exitCode ?? 1
  }
}

/** Commander ends the process and writes by itself unless each of its commands is told otherwise. */
function listen(command: Command, terminal: Terminal, heard: (text: string) => void): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => terminal.out(text.replace(/\n$/, '')),
    writeErr: heard,
    getOutHasColors: () => terminal.colours,
    getErrHasColors: () => terminal.colours,
  })
  for (const one of command.commands) listen(one, terminal, heard)
}

function usageOutcome(
  { code, exitCode }: CommanderError,
  said: string,
  args: readonly string[],
  terminal: Terminal,
): number {
  // Help and version that were asked for.
  if (exitCode === 0) return 0
  // A group without a command: its help is the answer, but nothing was done.
  if (code === 'commander.help') terminal.err(said.trimEnd())
  else complain('usage', messageOf(said.replace(/^error: /, '')), args, terminal)
  return 2
}

function complain(code: string, message: string, args: readonly string[], terminal: Terminal): void {
  const json = args.includes('--json')
  terminal.err(
    json
      ? JSON.stringify({ error: { code, message } })
      : `${styleFor(terminal.colours).bad('error')}: ${printable(message)}`,
  )
}
