import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** The engines that otherwise live in the caller's own process, and so cannot be killed without it. */
export type ProcessEngine = 'kinesis' | 'sqs-sns'

export interface EngineProcess {
  readonly endpoint: string
  close(): Promise<void>
  /** SIGKILL: nothing is flushed, closed or answered. What the engine had acknowledged must be in its directory. */
  kill(): Promise<void>
}

const CHILD = fileURLToPath(new URL(`./engine-child.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url))

/**
 * Starts an engine in a process of its own, on a directory that the next one can be started on.
 *
 * @example
 * const first = await startEngineProcess('kinesis', directory)
 * await first.kill()
 * const second = await startEngineProcess('kinesis', directory)
 */
export async function startEngineProcess(engine: ProcessEngine, directory: string): Promise<EngineProcess> {
  await mkdir(directory, { recursive: true })
  const child = spawn(process.execPath, [CHILD, engine, directory], {
    // Its own process group, as Ctrl-C is for us alone; it ends with its standard input, so by whatever end of ours.
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdin.on('error', () => undefined)
  const exited = once(child, 'exit')
  const end = async (how: () => void): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) how()
    await exited
  }
  const endpoint = await new Promise<string>((resolve, reject) => {
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
      if (output.endsWith('\n')) resolve(output.trim())
    })
    exited.then(() => reject(new Error(`${engine} did not start on ${directory}`)), reject)
  })
  return {
    endpoint,
    close: () => end(() => child.stdin.end()),
    kill: () => end(() => child.kill('SIGKILL')),
  }
}
