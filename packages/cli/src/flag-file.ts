import { type FlagData, flagFault, type SegmentData, segmentFault } from '@waybill/flags'
import { checkKey } from './edits/create.ts'
import { Failure, messageOf } from './failure.ts'

/** LaunchDarkly's JSON: `{ "flags": { key: flag }, "segments": { key: segment } }`, as `sdk/latest-all` gives it. */
export interface FlagFile {
  readonly flags: Readonly<Record<string, FlagData>>
  readonly segments: Readonly<Record<string, SegmentData>>
  /** With whatever else is in the file. */
  readonly whole: Readonly<Record<string, unknown>>
}

/** Beyond 2^53 there is no next version, and a flag that has none cannot be killed. */
const MAX_VERSION = 2 ** 52

type Fields = Readonly<Record<string, unknown>>

/** Reads it. Fails with `bad_input`, naming the place: a file that is half right is not taken. */
export function parseFlagFile(text: string, name: string): FlagFile {
  let whole: unknown
  try {
    // Editors on Windows begin with a byte order mark.
    whole = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (cause) {
    throw new Failure('bad_input', `${name} is not JSON: ${messageOf(cause)}`, { cause })
  }
  if (!isObject(whole)) throw new Failure('bad_input', `${name} is no object with "flags" and "segments"`)
  if ('flagValues' in whole) {
    throw new Failure('bad_input', `${name} has "flagValues", which have no versions: write them as "flags"`)
  }
  if (!('flags' in whole) && !('segments' in whole)) {
    throw new Failure('bad_input', `${name} has neither "flags" nor "segments"`)
  }
  const flags = itemsIn(whole, 'flags', name) as Readonly<Record<string, FlagData>>
  return { flags, segments: itemsIn(whole, 'segments', name) as Readonly<Record<string, SegmentData>>, whole }
}

function itemsIn(whole: Fields, field: 'flags' | 'segments', name: string): Readonly<Record<string, unknown>> {
  const items = whole[field] ?? {}
  if (!isObject(items)) throw new Failure('bad_input', `"${field}" of ${name} is no object`)
  for (const [key, item] of Object.entries(items)) {
    const fault = faultOf(field, key, item)
    if (fault !== undefined) throw new Failure('bad_input', `"${key}" of "${field}" in ${name}: ${fault}`)
  }
  return items
}

function faultOf(field: 'flags' | 'segments', key: string, item: unknown): string | undefined {
  if (!isObject(item)) return 'it is no object'
  if (item['key'] !== key) return `its "key" is ${JSON.stringify(item['key'])}`
  const { version } = item
  if (!Number.isSafeInteger(version) || Number(version) < 0) return 'its "version" is no whole number'
  if (Number(version) > MAX_VERSION) return `its "version" is above ${MAX_VERSION}: it could not be changed any more`
  try {
    checkKey(key, field === 'flags' ? 'flag' : 'segment')
  } catch (error) {
    return messageOf(error)
  }
  return field === 'flags' ? flagFault(item) : segmentFault(item)
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
