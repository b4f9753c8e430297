import type { JsonValue } from '@waybill/core'

/** A moment: whole milliseconds since the epoch, and the nanoseconds after them. */
export interface Moment {
  readonly ms: number
  readonly nanos: number
}

/** RFC 3339, section 5.6; like Go's `time.RFC3339` with one digit for an hour and no more than nine for a fraction. */
const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d{1,2}):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/

/** A number is milliseconds since the epoch, a text is RFC 3339; `undefined` for all else. */
export function parseMoment(value: JsonValue): Moment | undefined {
  if (typeof value === 'number') return { ms: Math.trunc(value), nanos: 0 }
  const parts = typeof value === 'string' ? RFC_3339.exec(value) : null
  if (parts === null) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1, 7).map(Number)
  const [, , , , , , , fraction = '', sign, offsetHours, offsetMinutes] = parts
  const inRange = month >= 1 && month <= 12 && day >= 1 && day <= 31 && hour <= 23 && minute <= 59 && second <= 60
  if (!inRange || Number(offsetMinutes ?? 0) > 59) return undefined
  // Not `Date.UTC`, which takes the years 0 to 99 for 1900 to 1999.
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  date.setUTCHours(hour, minute, second)
  const offsetMs = (Number(offsetHours ?? 0) * 60 + Number(offsetMinutes ?? 0)) * 60_000
  const nanos = Number(fraction.padEnd(9, '0'))
  return {
    ms: date.getTime() + (sign === '+' ? -offsetMs : offsetMs) + Math.floor(nanos / 1e6),
    nanos: nanos % 1e6,
  }
}

/** Below 0 when `a` is earlier. */
export function compareMoments(a: Moment, b: Moment): number {
  return a.ms === b.ms ? a.nanos - b.nanos : a.ms - b.ms
}
