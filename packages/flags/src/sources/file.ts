import { readFileSync, statSync } from 'node:fs'
import type { FlagSource } from '@waybill/core'
import type { FlagSet } from '../model.ts'
import { compileRuleset, type Ruleset } from '../ruleset.ts'
import { FlagDataError } from '../store.ts'

export interface FileSourceOptions {
  /** How often a change of the file is looked for, at most. Default 1. */
  readonly checkSeconds?: number
  readonly nowMs?: () => number
}

/**
 * A source that reads a JSON file, `{ "flags": { key: flag }, "segments": { ... } }`, and reads it anew when it changes.
 * Throws `bad_flag_data` when the file cannot be read at set-up; later, a bad file leaves the last good data in place
 * (status `stale`). It looks while it decides: no watcher keeps Lambda awake.
 *
 * @example
 * ```ts
 * const source = fileSource('/var/task/flags.json')
 * ```
 */
export function fileSource(path: string, options: FileSourceOptions = {}): FlagSource {
  const { checkSeconds = 1, nowMs = Date.now } = options
  let ruleset: Ruleset
  let seen: string
  let checkedAtMs = nowMs()
  let broken = false
  try {
    seen = fingerprint(path)
    ruleset = compileRuleset(read(path))
  } catch (cause) {
    throw new FlagDataError('bad_flag_data', `Flag file ${path} cannot be used: ${(cause as Error).message}`, { cause })
  }

  const check = (): void => {
    if (nowMs() - checkedAtMs < checkSeconds * 1000) return
    checkedAtMs = nowMs()
    try {
      const now = fingerprint(path)
      if (now === seen && !broken) return
      ruleset = compileRuleset(read(path))
      seen = now
      broken = false
    } catch {
      broken = true
    }
  }
  return {
    decide: (context, flags) => {
      check()
      const answer = ruleset.answer(context, flags)
      return broken ? { ...answer, status: 'stale' } : answer
    },
  }
}

function fingerprint(path: string): string {
  const { mtimeMs, size, ino } = statSync(path)
  return `${mtimeMs}:${size}:${ino}`
}

function read(path: string): FlagSet {
  const data = JSON.parse(readFileSync(path, 'utf8')) as FlagSet
  if (typeof data?.flags !== 'object' || data.flags === null) throw new Error('it has no "flags" object')
  return data
}
