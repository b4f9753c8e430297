import { declareFlags } from '../../src/declared-flags.ts'
import { acceptOverrides } from '../../src/lifecycle/overrides.ts'
import { withRecordScope } from '../../src/lifecycle/record.ts'
import { withEvaluatedFlags, withHonouredDecisions } from '../../src/lifecycle/wrap.ts'
import { ambientScope } from '../../src/scope.ts'
import type { FlagSource } from '../../src/source.ts'
import { type Corpus, corpus, NOW_SECONDS } from './corpus.ts'
import { damagedEvent } from './event-damage.ts'
import { type Arrived, stampedEvent, twiceStampedEvent } from './event-slots.ts'
import { mutated } from './mutations.ts'
import { TESTER } from './override-fuzz.ts'
import { seededRandom } from './random.ts'

export interface EventFuzzReport {
  readonly cases: number
  readonly outcomes: Readonly<Record<string, number>>
  readonly violations: readonly string[]
}

const flags = declareFlags({
  'flag-0': { variations: { off: false, on: true }, default: 'off', observe: true },
  'flag-1': { variations: { off: false, on: true }, default: 'off' },
})

export function eventCase(from: Corpus, seed: number, index: number): Arrived & { readonly ambiguous: boolean } {
  const random = seededRandom(seed, index)
  if (random.chance(0.05)) {
    const [one = '', other = ''] = random.shuffled(from.believable)
    return { ...twiceStampedEvent(one, other, random), ambiguous: true }
  }
  const overrides = [...from.overrides]
  const real = random.pick(random.chance(0.1) ? overrides : random.chance(0.6) ? from.believable : from.all)
  const token = random.chance(0.4) ? mutated(real, random.pick(from.all), random) : real
  let { event, lambdaContext } = stampedEvent(token, random)
  for (let times = random.below(4); times > 0; times -= 1) {
    if (lambdaContext !== undefined && random.chance(0.5)) lambdaContext = damagedEvent(lambdaContext, random)
    else event = damagedEvent(event, random)
  }
  return { event, lambdaContext, ambiguous: false }
}

/** Runs `cases` events through the lifecycles. Nothing may throw, and only what was sealed may be honoured. */
export async function fuzzEvents(seed: number, cases: number, from = 0): Promise<EventFuzzReport> {
  const tokens = corpus(seed)
  const keys = tokens.ring()
  const outcomes: Record<string, number> = {}
  const violations: string[] = []
  const tally = (outcome: string): void => {
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  }
  const observers = [{ reportsCounts: true, end: () => undefined }]
  /** What one handler sees of its scope: what it would honour, and what it would pass on. */
  const look = (): readonly [origin: string, text: string | undefined] => [
    flags.detail('flag-0').origin,
    ambientScope()?.stamper()?.tokenFor(8192),
  ]
  const seen: (readonly [string, string | undefined])[] = []
  const inner = withHonouredDecisions(
    async (event: unknown, _context: unknown) => {
      seen.push(look())
      const onRecord = withRecordScope(() => void seen.push(look()))
      for (const record of recordsOf(event)) await onRecord(record)
    },
    { flags, keys, observers },
  )
  const alone = withRecordScope(() => void seen.push(look()), { flags, keys, observers })
  const decided: string[] = []
  const edge = withEvaluatedFlags(
    async (event: unknown, _context: unknown) => {
      decided.push(look()[0])
      const onRecord = withRecordScope(() => void decided.push(look()[0]))
      for (const record of recordsOf(event)) await onRecord(record)
    },
    {
      flags,
      keys,
      observers,
      source,
      context: () => ({ key: TESTER }),
      overrides: acceptOverrides({ flags: ['flag-0'] }),
      nowMs: () => NOW_SECONDS * 1000,
    },
  )

  for (let index = from; index < from + cases && violations.length < 10; index += 1) {
    const { event, lambdaContext, ambiguous } = eventCase(tokens, seed, index)
    const blame = (what: string): void => void violations.push(`case ${index}: ${what}`)
    seen.length = 0
    decided.length = 0
    try {
      await inner(event, lambdaContext)
      for (const record of recordsOf(event)) await alone(record)
      await edge(event, lambdaContext)
    } catch (error) {
      blame(`threw ${String(error)}`)
    }
    if (decided.length === 0 || decided.includes('propagated')) blame(`the edge ran with ${decided.join()}`)
    if (decided.includes('override')) {
      tally('overridden')
      if (![...tokens.overrides].some((text) => carries(event, text) || carries(lambdaContext, text))) {
        blame('the edge followed an override that nobody sealed')
      }
    }
    if (seen.length === 0) blame('the handler did not run')
    for (const [origin, text] of seen) {
      const known = text === undefined ? undefined : tokens.sealed.get(text)
      if (origin === 'propagated' && known === undefined) blame('honoured what nobody sealed')
      if (text === undefined) tally('nothing')
      else if (known !== undefined) tally('accepted')
      else if (/^wb[1-9][0-9]{0,2}\.[A-Za-z0-9._~:%=-]*$/.test(text) && !text.startsWith('wb1.')) tally('passed_on')
      else blame(`would pass on ${text.slice(0, 200)}`)
      if (known !== undefined && ambiguous) blame('believed one of two tokens')
      if (known !== undefined && !carries([event, lambdaContext], known.text))
        blame('believed a token of another event')
    }
  }
  return { cases, outcomes, violations }
}

const source: FlagSource = {
  decide: (_context, all) => ({
    status: 'live',
    decisions: all.map(() => ({ value: true, variation: 'on', version: 1, reason: 'FALLTHROUGH' })),
  }),
}

function recordsOf(event: unknown): readonly unknown[] {
  const { Records, records } = (typeof event === 'object' && event !== null ? event : {}) as Record<string, unknown>
  return Array.isArray(Records) ? Records : Array.isArray(records) ? records : []
}

const BASE64 = /[A-Za-z0-9+/]{40,}=*/g
const base64Text = (text: string): string => Buffer.from(text, 'base64').toString('latin1')

/** Whether a text stands anywhere in a value: as it is, in base64, or in JSON within either. */
function carries(value: unknown, text: string, levels = 40): boolean {
  if (levels === 0) return false
  if (typeof value === 'string') {
    if (value.includes(text)) return true
    const inner = base64Text(value)
    // A text that is no JSON any more may still hold a token that is whole.
    if (inner.includes(text) || value.match(BASE64)?.some((run) => base64Text(run).includes(text))) return true
    return [value, inner].some((one) => carries(parsed(one), text, levels - 1))
  }
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).some((one) => carries(one, text, levels - 1))
}

function parsed(text: string): unknown {
  if (!/^\s*[{["]/.test(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
