import { readFileSync, statSync } from 'node:fs'
import type { FlagSource, JsonValue } from '@waybill/core'
import type { FlagData, FlagSet, SegmentData } from '../model.ts'
import { compileRuleset, type Ruleset } from '../ruleset.ts'
import { FlagDataError } from '../store.ts'

export interface FileSourceOptions {
  /** How often a change of the file is looked for, at most. Default 1. */
  readonly checkSeconds?: number
  /** Reads the file's text. Default `JSON.parse`; for YAML the `parse` of a library, such as `yaml`. Throws on bad input. */
  readonly parse?: (text: string) => unknown
  readonly nowMs?: () => number
}

/**
 * A source that reads a file in the format of LaunchDarkly's SDKs, and reads it anew when it changes:
 * `{ "flags": { key: flag }, "flagValues": { key: value }, "segments": { key: segment } }`, each of the three optional. A
 * `flagValues` entry is a flag that has one value for everybody. `key` and `version` may be left out of an item.
 * Throws `bad_flag_data` when the file cannot be read at set-up; later, a bad file leaves the last good data in place
 * (status `stale`). It looks while it decides: no watcher keeps Lambda awake.
 *
 * @example
 * ```ts
 * const source = fileSource('/var/task/flags.json', { checkSeconds: 10 })
 * ```
 */
export function fileSource(path: string, options: FileSourceOptions = {}): FlagSource {
  const { checkSeconds = 1, parse = JSON.parse, nowMs = Date.now } = options
  let ruleset: Ruleset
  let seen: string
  let checkedAtMs = nowMs()
  let broken = false
  try {
    seen = fingerprint(path)
    ruleset = compileRuleset(read(path, parse))
  } catch (cause) {
    throw new FlagDataError('bad_flag_data', `Flag file ${path} cannot be used: ${(cause as Error).message}`, { cause })
  }

  const check = (): void => {
    if (nowMs() - checkedAtMs < checkSeconds * 1000) return
    checkedAtMs = nowMs()
    try {
      const now = fingerprint(path)
      if (now === seen && !broken) return
      ruleset = compileRuleset(read(path, parse))
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

function read(path: string, parse: (text: string) => unknown): FlagSet {
  const data = objectIn(parse(readFileSync(path, 'utf8')), 'the file')
  if (data['flags'] === undefined && data['flagValues'] === undefined && data['segments'] === undefined) {
    throw new Error('it has none of "flags", "flagValues" and "segments"')
  }
  const flags = items<FlagData>(data, 'flags')
  const constant = Object.entries(objectIn(data['flagValues'] ?? {}, '"flagValues"')).map(([key, value]) => {
    if (Object.hasOwn(flags, key)) throw new Error(`"${key}" is in "flags" and in "flagValues"`)
    return [
      key,
      { key, version: 1, on: true, variations: [value as JsonValue], fallthrough: { variation: 0 } },
    ] as const
  })
  return { flags: { ...flags, ...Object.fromEntries(constant) }, segments: items<SegmentData>(data, 'segments') }
}

/** What is no object stays as it is: it decides `MALFORMED_FLAG`, and takes no other down. */
function items<T>(data: Readonly<Record<string, unknown>>, name: string): Record<string, T> {
  const entries = Object.entries(objectIn(data[name] ?? {}, `"${name}"`))
  const filled = entries.map(([key, item]) => [key, isObject(item) ? { key, version: 1, ...item } : item])
  return Object.fromEntries(filled) as Record<string, T>
}

function objectIn(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (!isObject(value)) throw new Error(`${what} is no object`)
  return value
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
