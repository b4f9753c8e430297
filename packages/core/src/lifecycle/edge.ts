import { arrivals } from '../carriers/arrivals.ts'
import type { Cause, Decision } from '../decision.ts'
import type { DeclaredFlag } from '../declared-flag.ts'
import { decided, declaredDefault } from '../honour.ts'
import { ambientScope, LiveScope, type Passage, type ScopeSettings } from '../scope.ts'
import type { EvaluationContext, FlagSource, SourceAnswer } from '../source.ts'
import { canonicalKey } from '../subject.ts'
import { waybillOf } from '../waybill.ts'
import type { InboundModes } from './modes.ts'
import { failedByStatus, Observation, type Watch } from './observation.ts'
import { badOption, forcing, type HonourOptions, type LifecycleOptions, settingsOf } from './options.ts'
import type { OverridePolicy } from './overrides.ts'
import type { PinPolicy } from './pin.ts'

/** Options of an edge function: the first of a call chain, which decides for all that follow. */
export interface EdgeOptions<E = never> extends LifecycleOptions, HonourOptions {
  readonly source: FlagSource
  /**
   * Whom the flags are decided for: the event, or in a batch each record. No context, no key or an error: declared
   * defaults, counted as `no_subject`.
   */
  readonly context: (event: E, lambdaContext: unknown) => Maybe<EvaluationContext | undefined>
  /** Made by `inboundModes`. Without it everything is evaluated, and what came from outside is discarded. */
  readonly modes?: InboundModes
  /** Made by `acceptOverrides`. Without it override tokens are discarded like all others. */
  readonly overrides?: OverridePolicy
  /** Made by `pinDecisions`. */
  readonly pin?: PinPolicy<E>
}

type Maybe<T> = T | Promise<T>

/** Makes the lifecycle of an edge function: each call opens one invocation's passage. Throws `bad_option`. */
export function edgeLifecycle<E>(options: EdgeOptions<E>): (event: unknown, lambdaContext: unknown) => Passage {
  const settings = settingsOf('evaluateFlags', options)
  if (typeof options.source?.decide !== 'function') throw badOption('evaluateFlags', 'source', 'a flag source')
  if (typeof options.context !== 'function') throw badOption('evaluateFlags', 'context', 'a function of the event')
  const { observers = [], isFailure = failedByStatus } = options
  const watch: Watch = { role: 'edge', observers, isFailure }

  return (event, lambdaContext) => {
    const arrived = arrivals(event, lambdaContext)
    const scope = new LiveScope(settings, forcing(ambientScope()))
    // The edge trusts nobody: what came from outside is neither read nor left for the handler to pass on.
    const came = arrived.kind === 'single' ? arrived.tokens.length : arrived.tokensById.size
    if (came > 0) scope.count('inbound_discarded', came)
    const observation = new Observation(scope, watch, 'invocation', arrived.carrier)
    return {
      scope,
      event: arrived.event,
      prepare: () => {
        const context = contextOf(options.context, arrived.event as E, lambdaContext)
        if (!(context instanceof Promise)) return load(scope, settings, options.source, context, observation)
        return context.then((resolved) => load(scope, settings, options.source, resolved, observation))
      },
      around: (run) => observation.around(run),
      end: (outcome) => observation.end(outcome),
    }
  }
}

function contextOf<E>(
  contextFor: EdgeOptions<E>['context'],
  event: E,
  lambdaContext: unknown,
): Maybe<EvaluationContext | undefined> {
  try {
    const context = contextFor(event, lambdaContext)
    return context instanceof Promise ? context.catch(() => undefined) : context
  } catch {
    return undefined
  }
}

function load(
  scope: LiveScope,
  settings: ScopeSettings,
  source: FlagSource,
  context: EvaluationContext | undefined,
  observation: Observation,
): Promise<void> | undefined {
  const subject = canonicalKey(context)
  const open = (answer: SourceAnswer | { readonly cause: Cause }): void => {
    scope.open({
      waybill: waybillOf(decisionsOf(scope, settings, answer), subject && settings.keys.fingerprint(subject)),
    })
    observation.begin()
  }
  if (context === undefined || subject === undefined) {
    open({ cause: 'no_subject' })
    return undefined
  }
  const failed = (): void => open({ cause: 'source_failed' })
  try {
    const answer = source.decide(context, settings.flags)
    if (answer instanceof Promise) return answer.then(open).catch(failed)
    open(answer)
  } catch {
    failed()
  }
  return undefined
}

/** All declared flags, decided in one pass. What a test forces wins; what a source cannot say is the default, counted. */
function decisionsOf(
  scope: LiveScope,
  { flags, nowMs }: ScopeSettings,
  answer: SourceAnswer | { readonly cause: Cause },
): ReadonlyMap<string, Decision> {
  const nowSeconds = Math.floor(nowMs() / 1000)
  const failure = causeOf(answer)
  if (failure !== undefined) scope.count(failure)
  else if ('status' in answer && answer.status === 'stale') scope.count('source_stale')
  const said = 'decisions' in answer ? answer.decisions : []
  const decisions = new Map<string, Decision>()
  for (let index = 0; index < flags.length; index += 1) {
    const flag = flags[index] as DeclaredFlag
    const one = said[index]
    const decision =
      failure === undefined && one !== undefined
        ? decided(flag, one, nowSeconds)
        : declaredDefault(flag, failure ?? 'flag_not_found', nowSeconds)
    if (failure === undefined && decision.cause !== undefined) scope.count(decision.cause)
    decisions.set(flag.key, scope.forced?.(flag) ?? decision)
  }
  return decisions
}

function causeOf(answer: SourceAnswer | { readonly cause: Cause }): Cause | undefined {
  if ('cause' in answer) return answer.cause
  return answer.status === 'unavailable' ? 'source_unavailable' : undefined
}
