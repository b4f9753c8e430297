import { randomBytes } from 'node:crypto'
import { hostname, userInfo } from 'node:os'
import { text as readText } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'

/** All that a command has of the world. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly colours: boolean
  out(text: string): void
  err(text: string): void
  /** Standard output is a terminal that can be drawn on. */
  readonly isScreen: boolean
  /** Rows and columns of it. */
  size(): { readonly rows: number; readonly columns: number }
  /** To standard output as it is, without the end of a line. */
  draw(text: string): void
  readInput(): Promise<string>
  nowMs(): number
  /** Resolves after so long, or as soon as the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
  /** Aborted by Ctrl-C and by a polite kill, from the first call on; a second one ends the process. */
  interrupted(): AbortSignal
  /** Random text of so many bytes, in hexadecimal. */
  random(bytes: number): string
  /** Who sits here, as far as the machine knows. */
  userName(): string
}

export function processTerminal(): Terminal {
  return {
    env: process.env,
    colours: coloursFor(process.stdout.isTTY, process.env),
    out: (text) => process.stdout.write(`${text}\n`),
    err: (text) => process.stderr.write(`${text}\n`),
    isScreen: isScreen(process.stdout.isTTY, process.env),
    size: () => ({ rows: process.stdout.rows || 24, columns: process.stdout.columns || 80 }),
    draw: (text) => process.stdout.write(text),
    readInput: () => readText(process.stdin),
    nowMs: Date.now,
    sleep: (ms, signal) => pause(ms, undefined, { signal }).catch(() => {}),
    interrupted: () => {
      const controller = new AbortController()
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort())
      return controller.signal
    },
    random: (bytes) => randomBytes(bytes).toString('hex'),
    userName: () => {
      try {
        return `${userInfo().username}@${hostname()}`
      } catch {
        // A container's user without an entry in passwd.
        return `uid ${process.getuid?.() ?? 'unknown'}@${hostname()}`
      }
    },
  }
}

/** On a terminal only, and not where NO_COLOR (https://no-color.org) or a dumb terminal says no. */
export function coloursFor(isTerminal: boolean | undefined, env: Terminal['env']): boolean {
  return isScreen(isTerminal, env) && !env['NO_COLOR']
}

function isScreen(isTerminal: boolean | undefined, env: Terminal['env']): boolean {
  return isTerminal === true && env['TERM'] !== 'dumb'
}
