import type { Cause, Decision } from '../decision.ts'
import type { DeclaredFlag } from '../declared-flag.ts'
import { decided, declaredDefault } from '../honour.ts'
import type { CountCode } from '../ledger.ts'
import type { EvaluationContext, FlagSource, SourceAnswer } from '../source.ts'

export type Maybe<T> = T | Promise<T>

/** What a source said, or why it could not be asked. */
export type Answer = SourceAnswer | { readonly cause: Cause }

const FAILED: Answer = { cause: 'source_failed' }

/** Whom the flags are decided for; a context function that fails knows nobody. Never throws. */
export function contextOf(known: () => Maybe<EvaluationContext | undefined>): Maybe<EvaluationContext | undefined> {
  try {
    const context = known()
    return context instanceof Promise ? context.catch(() => undefined) : context
  } catch {
    return undefined
  }
}

/** Asks a source. Never throws, and answers at once where the source does. */
export function asked(source: FlagSource, context: EvaluationContext, flags: readonly DeclaredFlag[]): Maybe<Answer> {
  try {
    const answer = source.decide(context, flags)
    return answer instanceof Promise ? answer.catch(() => FAILED) : answer
  } catch {
    return FAILED
  }
}

/** One decision for each flag, in their order. What the source cannot say is the declared default, counted. */
export function decisionsOf(
  flags: readonly DeclaredFlag[],
  answer: Answer,
  nowSeconds: number,
  count: (code: CountCode) => void,
): Map<string, Decision> {
  const failure = failureOf(answer)
  if (failure !== undefined) count(failure)
  else if ('status' in answer && answer.status === 'stale') count('source_stale')
  const said = failure === undefined && 'decisions' in answer ? answer.decisions : []
  const decisions = new Map<string, Decision>()
  for (let index = 0; index < flags.length; index += 1) {
    const flag = flags[index] as DeclaredFlag
    const one = said[index]
    const decision =
      failure === undefined && isSaid(one)
        ? decided(flag, one, nowSeconds)
        : declaredDefault(flag, failure ?? 'flag_not_found', nowSeconds)
    if (failure === undefined && decision.cause !== undefined) count(decision.cause)
    decisions.set(flag.key, decision)
  }
  return decisions
}

/** A source is somebody else's code: what it says is looked at before it is believed. */
const isSaid = <T>(one: T | undefined): one is T => typeof one === 'object' && one !== null

function failureOf(answer: Answer): Cause | undefined {
  if (typeof answer !== 'object' || answer === null) return 'source_failed'
  if ('cause' in answer) return answer.cause
  if (answer.status === 'unavailable') return 'source_unavailable'
  return Array.isArray(answer.decisions) ? undefined : 'source_failed'
}
