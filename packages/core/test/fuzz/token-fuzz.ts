import { isDeepStrictEqual } from 'node:util'
import { type Expectations, openToken } from '../../src/token/open.ts'
import { sealToken } from '../../src/token/seal.ts'
import { AUDIENCE, type Corpus, corpus, NOW_SECONDS, SUBJECTS } from './corpus.ts'
import { mutated, randomText } from './mutations.ts'
import { checkOverride } from './override-fuzz.ts'
import { type Random, seededRandom } from './random.ts'
import { Slowest } from './slowest.ts'

/** One text, and whether the ring has signed it in the making: then only its content is under test. */
export interface TokenCase {
  readonly text: unknown
  readonly signed: boolean
  /** The same for an override. */
  readonly signedOverride?: boolean
  readonly expect: Expectations
}

export interface TokenFuzzReport {
  readonly cases: number
  /** Cases by outcome: `accepted`, `accepted_signed`, or the refusal. */
  readonly outcomes: Readonly<Record<string, number>>
  /** What must not be, with the number of its case. */
  readonly violations: readonly string[]
  readonly slowest: Slowest<string>
}

const NO_TEXTS: readonly unknown[] = [undefined, null, 0, 1n, true, {}, [], ['wb1.k1'], Symbol('wb1'), () => 'wb1', NaN]

export function tokenCase(from: Corpus, seed: number, index: number): TokenCase {
  const random = seededRandom(seed, index)
  const expect = expectations(random)
  const dice = random.below(100)
  if (dice < 60) return { text: mutated(random.pick(from.all), random.pick(from.all), random), signed: false, expect }
  if (dice < 85) return { text: randomText(random), signed: false, expect }
  if (dice < 86) return { text: random.pick(NO_TEXTS), signed: false, expect }
  if (dice < 90) return { text: random.pick(from.all), signed: false, expect }
  if (dice < 92) {
    const override = mutated(random.pick([...from.overrides]), random.pick(from.all), random)
    const head = override.slice(0, Math.max(0, override.lastIndexOf('.'))).replace(/^wbo1\.[^.]*/, 'wbo1.k2')
    return { text: from.signed(head, 'override'), signed: false, signedOverride: true, expect }
  }
  const damaged = mutated(random.pick(from.all), random.pick(from.all), random)
  const head = damaged.slice(0, Math.max(0, damaged.lastIndexOf('.'))).replace(/^wb1\.[^.]*/, 'wb1.k2')
  return { text: from.signed(head), signed: true, expect }
}

function expectations(random: Random): Expectations {
  return {
    ...(random.chance(0.2) ? { audience: AUDIENCE } : {}),
    ...(random.chance(0.2) ? { subject: random.pick(SUBJECTS) } : {}),
    ...(random.chance(0.2) ? { maxAgeSeconds: random.below(200_000), nowSeconds: NOW_SECONDS } : {}),
  }
}

/** Opens `cases` texts from number `from` on. One ring for all: its memory of tokens is under test as well. */
export function fuzzTokens(seed: number, cases: number, from = 0): TokenFuzzReport {
  const tokens = corpus(seed)
  const ring = tokens.ring()
  const outcomes: Record<string, number> = {}
  const violations: string[] = []
  const slowest = new Slowest<string>(64)
  for (let index = from; index < from + cases; index += 1) {
    const { text, signed, signedOverride = false, expect } = tokenCase(tokens, seed, index)
    const blame = (what: string): void => void violations.push(`case ${index}: ${what}: ${String(text).slice(0, 300)}`)
    try {
      const startMs = performance.now()
      const opened = openToken(text as string, ring, expect)
      const tookMs = performance.now() - startMs
      if (typeof text === 'string') slowest.offer(tookMs, text)
      const outcome = 'refusal' in opened ? opened.refusal : signed ? 'accepted_signed' : 'accepted'
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
      if (typeof text === 'string' && text.length > 8192 && outcome !== 'oversize') blame('read more than 8 KiB')
      if (typeof text === 'string' && (text.startsWith('wbo') || index % 16 === 0)) {
        const { outcome: other, wrong } = checkOverride(
          text,
          ring,
          NOW_SECONDS,
          (one) => signedOverride || tokens.overrides.has(one),
        )
        outcomes[other] = (outcomes[other] ?? 0) + 1
        if (wrong !== undefined) blame(wrong)
      }
      if ('refusal' in opened) continue
      const original = tokens.sealed.get(text as string)
      if (original === undefined && !signed) blame('believed a text that nobody sealed')
      if (original !== undefined && !meets(original, expect)) blame('believed what was not asked for')
      if (signed) {
        const again = sealToken(opened.waybill, ring, { maxBytes: 8192 })
        const reopened = again.token === undefined ? undefined : openToken(again.token, ring)
        const same = reopened !== undefined && 'waybill' in reopened && again.shedCount === 0
        const { decisions } = opened.waybill
        if (decisions.size > 128) blame('read more than 128 flags')
        if (decisions.size !== entryCount(String(text))) blame('read another number of entries than there are')
        if (same && !isDeepStrictEqual([...reopened.waybill.decisions], [...decisions]))
          blame('sealed as something else')
        // Shedding is for want of room alone, and a flag's own entry is never unreadable after sealing.
        if (reopened !== undefined && !('waybill' in reopened)) blame(`sealed as unreadable (${reopened.refusal})`)
      }
    } catch (error) {
      blame(`threw ${String(error)}`)
    }
    if (violations.length >= 10) break
  }
  return { cases, outcomes, violations, slowest }
}

/** Entries as the specification has them: between the fifth dot and the last one, apart by tildes. */
function entryCount(text: string): number {
  const body = text.split('.').slice(5, -1).join('.')
  return body === '' ? 0 : body.split('~').length
}

function meets(original: { audience?: unknown; subject?: unknown; decidedAtSeconds: number }, expect: Expectations) {
  const age = (expect.nowSeconds ?? 0) - original.decidedAtSeconds
  return (
    original.audience === expect.audience &&
    (expect.subject === undefined || original.subject === expect.subject) &&
    (expect.maxAgeSeconds === undefined || age <= expect.maxAgeSeconds)
  )
}
