import type { Decision } from '../decision.ts'
import type { DeclaredFlag } from '../declared-flag.ts'
import { WaybillError } from '../errors.ts'
import { toReevaluate } from '../honour.ts'
import type { CountCode } from '../ledger.ts'
import type { ScopeSettings } from '../scope.ts'
import { type EvaluationContext, type FlagSource, recallsOf } from '../source.ts'
import { canonicalKey } from '../subject.ts'
import { madeAnew } from '../token/originals.ts'
import type { Waybill } from '../waybill.ts'
import { type Answer, asked, contextOf, decisionsOf, type Maybe } from './deciding.ts'

export interface ReevaluationOptions {
  readonly source: FlagSource
  readonly context: (eventOrRecord: never, lambdaContext?: unknown) => Maybe<EvaluationContext | undefined>
}

/** Made by {@link evaluateExpired}. */
export interface Reevaluation {
  /** Who makes the decisions of one event or record anew, and for whom. */
  anew(eventOrRecord: unknown, lambdaContext: unknown): Anew
  readonly reevaluated: typeof reevaluated
}

/**
 * The option `evaluate` of an inner function: who decides anew what is older than its flag allows, where that is declared
 * `whenExpired: 'evaluate'`. The source is asked for these flags alone, the context function before the handler runs.
 * Throws `bad_option` without either.
 *
 * @example
 * ```ts
 * const evaluate = evaluateExpired({ source, context: (order: { userId: string }) => ({ key: order.userId }) })
 * ```
 */
export function evaluateExpired({ source, context }: ReevaluationOptions): Reevaluation {
  if (typeof source?.decide !== 'function' || typeof context !== 'function') {
    throw new WaybillError('bad_option', 'evaluateExpired: needs a flag source and a context function')
  }
  return {
    anew: (eventOrRecord, lambdaContext) => ({ source, context: () => context(eventOrRecord as never, lambdaContext) }),
    reevaluated,
  }
}

/** Who makes decisions anew, and for whom. */
export interface Anew {
  readonly source: FlagSource
  readonly context: () => Maybe<EvaluationContext | undefined>
}

/**
 * The same waybill with what is too old here made anew: that is what is read, and what is sent on. At once where there
 * is nothing to do or the source answers at once. Never rejects.
 */
export function reevaluated(
  waybill: Waybill,
  settings: ScopeSettings,
  nowSeconds: number,
  { source, context }: Anew,
  count: (code: CountCode) => void,
): Maybe<Waybill> {
  const flags = toReevaluate(settings.flags, waybill, nowSeconds, recallsOf(settings.recalls))
  if (flags.length === 0) return waybill
  const answered = (answer: Answer): Waybill =>
    madeAnew(waybill, counted([...decisionsOf(flags, answer, nowSeconds, count).values()], count))
  const decide = (known: EvaluationContext | undefined): Maybe<Waybill> => {
    const answer = answerFor(waybill, settings, known, flags, source, count)
    return answer instanceof Promise ? answer.then(answered) : answered(answer)
  }
  const known = contextOf(context)
  return known instanceof Promise ? known.then(decide) : decide(known)
}

function answerFor(
  { subject }: Waybill,
  { keys }: ScopeSettings,
  context: EvaluationContext | undefined,
  flags: readonly DeclaredFlag[],
  source: FlagSource,
  count: (code: CountCode) => void,
): Maybe<Answer> {
  const key = canonicalKey(context)
  if (context === undefined || key === undefined) return { cause: 'no_subject' }
  const fingerprint = keys.fingerprint(key)
  // One subject's waybill never gets another's decisions. Without the secret we have the function's word for it.
  if (fingerprint !== undefined && subject !== undefined && fingerprint !== subject) {
    count('wrong_subject')
    return { cause: 'expired' }
  }
  return asked(source, context, flags)
}

/** Counts what was made anew; what could not be is the declared default and was counted by its cause. */
export function counted(decisions: readonly Decision[], count: (code: CountCode) => void): readonly Decision[] {
  for (const { cause } of decisions) if (cause === undefined) count('reevaluated')
  return decisions
}
