import { describe, expect, test } from 'vitest'
import { countMembers, membersAt } from '../../src/carriers/json-scan.ts'
import { hostileBodies } from './hostile.ts'

/** A text that counts how many of its characters were looked at, however often: time without a clock. */
function counting(text: string): { readonly text: string; readonly looks: () => number } {
  let looks = 0
  const counted = {
    length: text.length,
    charCodeAt: (at: number) => {
      looks += 1
      return text.charCodeAt(at)
    },
    startsWith: (what: string, at: number) => {
      looks += what.length
      return text.startsWith(what, at)
    },
    indexOf: (what: string, from: number) => {
      const found = text.indexOf(what, from)
      looks += (found === -1 ? text.length : found) - Math.min(from, text.length) + 1
      return found
    },
  }
  return { text: counted as unknown as string, looks: () => looks }
}

describe('finding a member in a hostile text', () => {
  const scans: Record<string, (text: string) => unknown> = {
    'one level': (text) => membersAt(text, '_waybill'),
    'two levels': (text) => membersAt(text, 'detail', '_waybill'),
    'counting members': (text) => countMembers(text, 0),
  }
  const cases = Object.entries(hostileBodies).flatMap(([what, make]) =>
    Object.entries(scans).map(([how, scan]) => ({ what, make, how, scan })),
  )
  test.each(cases)('looks at each character a few times, whatever the length ($what, $how)', ({ make, scan }) => {
    for (const bytes of [2_000, 4_000, 64_000]) {
      const whole = make(bytes)
      const { text, looks } = counting(whole)
      scan(text)
      expect(looks()).toBeLessThan(8 * whole.length + 100)
    }
  })
})
