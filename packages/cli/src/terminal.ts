import { randomBytes } from 'node:crypto'
import { hostname, userInfo } from 'node:os'
import { text as readText } from 'node:stream/consumers'

/** All that a command has of the world. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly colours: boolean
  out(text: string): void
  err(text: string): void
  readInput(): Promise<string>
  nowMs(): number
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
    readInput: () => readText(process.stdin),
    nowMs: Date.now,
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
  return isTerminal === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
}
