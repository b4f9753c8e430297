import type { KeyRing } from '../../src/keys.ts'
import { openOverride, sealOverride } from '../../src/token/override.ts'
import type { Random } from './random.ts'

/** The tester, whom the fuzzed edge takes every request for. */
export const TESTER = 'tester-1'

/** Real override tokens: for the tester and for somebody else, of now, of yesterday and of tomorrow. */
export function realOverrides(ring: KeyRing, random: Random, nowSeconds: number): ReadonlySet<string> {
  const texts = Array.from({ length: 24 }, (_, index) => {
    const issuedAt = nowSeconds + random.pick([0, 0, 0, -1000, -90_000, 90_000])
    return sealOverride(
      {
        subjectKey: random.chance(0.7) ? TESTER : 'tester-2',
        decisions: index % 3 === 0 ? { 'flag-0': 'on', 'a~b:c.': 'é' } : { 'flag-0': random.pick(['on', 'off', 'no']) },
        ttlSeconds: random.pick([1, 3600, 86_400]),
        nowMs: () => issuedAt * 1000,
      },
      ring,
    )
  })
  return new Set(texts)
}

/** Opens a text as an override; says what is wrong with the answer, if anything is. */
export function checkOverride(
  text: string,
  ring: KeyRing,
  nowSeconds: number,
  isSealed: (text: string) => boolean,
): { readonly outcome: string; readonly wrong?: string } {
  const subject = ring.fingerprint(TESTER)
  const opened = openOverride(text, ring, { nowSeconds, subject })
  if ('refusal' in opened) return { outcome: `override_${opened.refusal}` }
  const outcome = 'override_accepted'
  if (!isSealed(text)) return { outcome, wrong: 'believed an override that nobody sealed' }
  // By the specification, once more: whose it is, and from when to when.
  const [, , issued = '', expires = '', owner] = text.split('.')
  const [from, to] = [Number.parseInt(issued, 36), Number.parseInt(expires, 36)]
  if (owner !== subject) return { outcome, wrong: 'believed the override of another subject' }
  if (nowSeconds >= to || from > nowSeconds + 60 || to - from > 86_400) {
    return { outcome, wrong: 'believed an override at another time than its own' }
  }
  return { outcome }
}
