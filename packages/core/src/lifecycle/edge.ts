import { arrivals } from '../carriers/arrivals.ts'
import { ambientScope, LiveScope, type Outcome, type Passage, type RecordScopes, type ScopeSettings } from '../scope.ts'
import type { EvaluationContext, FlagSource } from '../source.ts'
import { canonicalKey } from '../subject.ts'
import { type Waybill, waybillOf } from '../waybill.ts'
import { type Arrived, batchPassage, INSIDE } from './batch.ts'
import { type Answer, asked, contextOf, decisionsOf, type Maybe } from './deciding.ts'
import type { InboundMode, InboundModes } from './modes.ts'
import { failedByStatus, Observation, type Watch } from './observation.ts'
import { badOption, type Forcing, forcing, type HonourOptions, type LifecycleOptions, settingsOf } from './options.ts'
import type { OverridePolicy } from './overrides.ts'
import type { PinPolicy } from './pin.ts'
import { countIfBehind, refreshed } from './refresh.ts'

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

/** What an edge decides for: each record of a batch, and any other event itself. */
export type EventOrRecord<E> = E extends { readonly Records: readonly (infer R)[] }
  ? R
  : E extends { readonly records: readonly (infer R)[] }
    ? R
    : E

/** Makes the lifecycle of an edge function: each call opens one invocation's passage. Throws `bad_option`. */
export function edgeLifecycle<E>(options: EdgeOptions<E>): (event: unknown, lambdaContext: unknown) => Passage {
  const settings = settingsOf('evaluateFlags', options)
  const { observers = [], isFailure = failedByStatus, modes, overrides, pin } = options
  if (typeof options.source?.decide !== 'function') throw badOption('evaluateFlags', 'source', 'a flag source')
  if (typeof options.context !== 'function') throw badOption('evaluateFlags', 'context', 'a function of the event')
  made('modes', modes?.modeOf, modes, 'inboundModes')
  made('overrides', overrides?.override, overrides, 'acceptOverrides')
  made('pin', pin?.settle, pin, 'pinDecisions')
  const watch: Watch = { role: 'edge', observers, isFailure }
  const rules: EdgeRules = { settings, watch, options: options as EdgeOptions<unknown> }
  const honour = modes?.honouring(options)

  return (event, lambdaContext) => {
    const arrived = arrivals(event, lambdaContext)
    const mode = modes === undefined ? 'evaluate' : modes.modeOf(arrived.carrier)
    if (mode === 'honour' && honour !== undefined) return honour(arrived, lambdaContext)
    const outer = forcing(ambientScope())
    const open = (one: Arrived, records?: RecordScopes): EdgePassage =>
      new EdgePassage(rules, mode, one, lambdaContext, outer, records)
    if (arrived.kind === 'batch') {
      // What no mode and no override asks for is not looked up: the records' tokens stay behind.
      const heeds = mode !== 'evaluate' || overrides !== undefined
      const heard = heeds ? arrived : { ...arrived, ...UNHEARD }
      const passage = batchPassage(settings, watch, heard, outer, (record) => open(record, INSIDE))
      if (!heeds && arrived.tokensById.size > 0) passage.scope.count('inbound_discarded', arrived.tokensById.size)
      return passage
    }
    return open({ kind: 'invocation', carrier: arrived.carrier, tokens: arrived.tokens, event: arrived.event })
  }
}

const UNHEARD = { tokensById: new Map(), problemsById: new Map(), idOf: () => '' }

function made(option: string, member: unknown, value: unknown, maker: string): void {
  if (value !== undefined && typeof member !== 'function') {
    throw badOption('evaluateFlags', option, `what ${maker}() returned`)
  }
}

interface EdgeRules {
  readonly settings: ScopeSettings
  readonly watch: Watch
  readonly options: EdgeOptions<unknown>
}

class EdgePassage implements Passage {
  readonly scope: LiveScope
  readonly event: unknown
  readonly #rules: EdgeRules
  readonly #mode: InboundMode
  readonly #arrived: Arrived
  readonly #lambdaContext: unknown
  readonly #observation: Observation
  /** An override that came alone. Whatever else came is discarded, or honoured where the mode says so. */
  readonly #override: string | undefined

  constructor(
    rules: EdgeRules,
    mode: InboundMode,
    arrived: Arrived,
    lambdaContext: unknown,
    outer: Forcing,
    records?: RecordScopes,
  ) {
    const { settings, watch, options } = rules
    this.scope = new LiveScope(settings, outer, records)
    this.event = arrived.event
    this.#rules = rules
    this.#mode = mode
    this.#arrived = arrived
    this.#lambdaContext = lambdaContext
    this.#observation = new Observation(this.scope, watch, arrived.kind, arrived.carrier)
    const { tokens } = arrived
    if (tokens.length === 0) return
    const { overrides } = options
    const claimed = overrides !== undefined && tokens.some((token) => overrides.claims(token))
    if (claimed && tokens.length === 1) this.#override = tokens[0]
    if (this.#override !== undefined || mode !== 'evaluate') return
    // The edge trusts nobody: what came from outside is neither read nor left for the handler to pass on.
    if (claimed) this.scope.count('duplicate')
    else this.scope.count('inbound_discarded', tokens.length)
  }

  prepare(): Promise<void> | undefined {
    const { settings, options } = this.#rules
    const refreshing = refreshed(settings, this.#arrived.tokens)
    const context = contextOf(() => options.context(this.event, this.#lambdaContext))
    return context instanceof Promise
      ? context.then((known) => this.#settle(known, refreshing))
      : this.#settle(context, refreshing)
  }

  around<T>(run: () => T): T {
    return this.#observation.around(run)
  }

  end(outcome: Outcome): void {
    this.#observation.end(outcome)
  }

  flush(): Promise<unknown> | undefined {
    return this.#observation.flush()
  }

  #settle(context: EvaluationContext | undefined, refreshing: Promise<unknown> | undefined): Promise<void> | undefined {
    const { modes } = this.#rules.options
    const { tokens } = this.#arrived
    if (this.#mode === 'evaluate' || modes === undefined || tokens.length === 0 || this.#override !== undefined) {
      return this.#evaluate(context, refreshing)
    }
    const believe = (): Promise<void> | undefined => {
      const { settings, options } = this.#rules
      const nowSeconds = Math.floor(settings.nowMs() / 1000)
      const believed = modes.believed(tokens, { settings, source: options.source, context, nowSeconds }, this.scope)
      if (believed === undefined) return this.#evaluate(context, undefined)
      if (believed instanceof Promise) return believed.then((waybill) => this.#open(waybill, nowSeconds))
      return this.#open(believed, nowSeconds)
    }
    return refreshing === undefined ? believe() : refreshing.then(believe)
  }

  /** Asks the source, while keys that are due are on their way as well. */
  #evaluate(
    context: EvaluationContext | undefined,
    refreshing: Promise<unknown> | undefined,
  ): Promise<void> | undefined {
    const { settings, options } = this.#rules
    const subjectKey = canonicalKey(context)
    const answer: Maybe<Answer> =
      context === undefined || subjectKey === undefined
        ? { cause: 'no_subject' }
        : asked(options.source, context, settings.flags)
    if (refreshing !== undefined) {
      return Promise.all([answer, refreshing]).then(([known]) => this.#decide(known, subjectKey))
    }
    if (answer instanceof Promise) return answer.then((known) => this.#decide(known, subjectKey))
    return this.#decide(answer, subjectKey)
  }

  /** All declared flags, in one pass. What a test forces wins, then what a tester's token says. */
  #decide(answer: Answer, subjectKey: string | undefined): Promise<void> | undefined {
    const { scope } = this
    const { settings, options } = this.#rules
    const { flags, keys } = settings
    const nowSeconds = Math.floor(settings.nowMs() / 1000)
    const decisions = decisionsOf(flags, answer, nowSeconds, (code) => scope.count(code))
    const subject = subjectKey === undefined ? undefined : keys.fingerprint(subjectKey)
    if (this.#override !== undefined) {
      options.overrides?.override(decisions, this.#override, { settings, subject, nowSeconds }, scope)
    }
    if (scope.forced !== undefined) {
      for (const flag of flags) {
        const forced = scope.forced(flag)
        if (forced !== undefined) decisions.set(flag.key, forced)
      }
    }
    const fresh = waybillOf(decisions, subject)
    const { event } = this
    const attempt = { event, lambdaContext: this.#lambdaContext, subjectKey, fresh, settings, scope, nowSeconds }
    const settling = options.pin?.settle(attempt)
    return settling === undefined ? this.#open(fresh) : settling.then((waybill) => this.#open(waybill, nowSeconds))
  }

  #open(waybill: Waybill, asOfSeconds?: number): undefined {
    if (this.#arrived.kind !== 'record') countIfBehind(this.#rules.settings, this.scope)
    this.scope.open({ waybill }, asOfSeconds)
    this.#observation.begin()
  }
}
