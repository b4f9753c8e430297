import { type Arrivals, arrivals } from '../carriers/arrivals.ts'
import { WaybillError } from '../errors.ts'
import type { ObservedScope } from '../observer.ts'
import { ambientScope, LiveScope, type Outcome, type Passage, type RecordScopes, type ScopeSettings } from '../scope.ts'
import { type Arrived, batchPassage, INSIDE } from './batch.ts'
import { cargoOf, type Owner, ownerOf } from './cargo.ts'
import { failedByStatus, Observation, type Watch } from './observation.ts'
import { badOption, type Forcing, forcing, type HonourOptions, type LifecycleOptions, settingsOf } from './options.ts'
import type { Reevaluation } from './reevaluate.ts'
import { countIfBehind, refreshed } from './refresh.ts'

/** Options of an inner function: it never decides, it honours. */
export interface InnerOptions extends LifecycleOptions, HonourOptions {
  /** Made by `evaluateExpired`: who decides anew what is too old; demanded by flags with `whenExpired: 'evaluate'`. */
  readonly evaluate?: Reevaluation
}

/** Opens passages for the events of an inner function, and for single records outside any batch. */
export interface InnerLifecycle {
  (event: unknown, lambdaContext: unknown): Passage
  readonly record: (carrier: string, tokens: readonly string[], record: unknown) => Passage
}

/** Makes the lifecycle of an inner function. Throws `bad_option`. */
export function innerLifecycle(options: InnerOptions): InnerLifecycle {
  const rules = rulesOf('honourDecisions', options)
  const lifecycle = (event: unknown, lambdaContext: unknown): Passage =>
    honouring(rules, arrivals(event, lambdaContext), lambdaContext)
  const record = (carrier: string, tokens: readonly string[], one: unknown): Passage => {
    const arrived: Arrived = { kind: 'record', carrier, tokens, event: one }
    return new InnerPassage(rules, arrived, undefined, forcing(ambientScope()), INSIDE)
  }
  return Object.assign(lifecycle, { record })
}

/** Opens the passage of what arrived, as an inner function does. */
export function honouring(rules: InnerRules, arrived: Arrivals, lambdaContext: unknown): Passage {
  const outer = forcing(ambientScope())
  if (arrived.kind === 'batch') {
    return batchPassage(rules.settings, rules.watch, arrived, outer, (record) => {
      return new InnerPassage(rules, record, lambdaContext, outer, INSIDE)
    })
  }
  const { carrier, tokens, event } = arrived
  return new InnerPassage(rules, { kind: 'invocation', carrier, tokens, event }, lambdaContext, outer)
}

/** An inner function's options, made ready. */
export interface InnerRules extends Pick<InnerOptions, 'subject'> {
  readonly settings: ScopeSettings
  /** Whether keys or recalls can change: most functions have neither to wait for. */
  readonly refreshes: boolean
  readonly watch: Watch
  readonly undecided: 'default' | 'throw'
  readonly onRefused: 'default' | 'throw'
  /** Only where a flag asks for it: without, no token is opened before it is needed. */
  readonly evaluate?: Reevaluation
}

export function rulesOf(where: string, options: InnerOptions): InnerRules {
  const settings = settingsOf(where, options)
  const { observers = [], isFailure = failedByStatus, undecided = 'default', onRefused = undecided } = options
  const { subject, evaluate } = options
  if (subject !== undefined) {
    if (typeof subject !== 'function') throw badOption(where, 'subject', 'a function of the event or record')
    const { keys, keySource } = settings
    if (keySource === undefined && !keys.empty && keys.fingerprint('anybody') === undefined) {
      throw badOption(where, 'subject', 'used with a ring that has a subjectSecret')
    }
  }
  const needed = settings.flags.find((flag) => flag.whenExpired === 'evaluate')
  if (needed !== undefined && typeof evaluate?.reevaluated !== 'function') {
    throw badOption(
      where,
      'evaluate',
      `evaluateExpired({ source, context }): flag "${needed.key}" is declared whenExpired: 'evaluate'`,
    )
  }
  return {
    settings,
    refreshes: settings.keySource !== undefined || settings.recalls !== undefined,
    watch: { role: 'inner', observers, isFailure },
    undecided,
    onRefused,
    ...(subject === undefined ? {} : { subject }),
    ...(needed === undefined || evaluate === undefined ? {} : { evaluate }),
  }
}

class InnerPassage implements Passage {
  readonly scope: LiveScope
  readonly event: unknown
  readonly #rules: InnerRules
  readonly #kind: ObservedScope['kind']
  readonly #tokens: readonly string[]
  readonly #lambdaContext: unknown
  readonly #observation: Observation

  constructor(rules: InnerRules, arrived: Arrived, lambdaContext: unknown, outer: Forcing, records?: RecordScopes) {
    this.scope = new LiveScope(rules.settings, outer, records)
    this.event = arrived.event
    this.#rules = rules
    this.#kind = arrived.kind
    this.#tokens = arrived.tokens
    this.#lambdaContext = lambdaContext
    this.#observation = new Observation(this.scope, rules.watch, arrived.kind, arrived.carrier)
  }

  prepare(): Promise<void> | undefined {
    const { settings, refreshes } = this.#rules
    const refreshing = refreshes ? refreshed(settings, this.#tokens) : undefined
    return refreshing === undefined ? this.#enter() : refreshing.then(() => this.#enter())
  }

  around<T>(run: () => T): T {
    return this.#observation.around(run)
  }

  end(outcome: Outcome): void {
    // What came and was never looked at is looked at now: it may be a decision that should have been read.
    this.#observation.end(outcome, this.#tokens.length > 0)
  }

  flush(): Promise<unknown> | undefined {
    return this.#observation.flush()
  }

  #enter(): Promise<void> | undefined {
    const { scope } = this
    const { settings, refreshes, undecided, onRefused, evaluate } = this.#rules
    if (refreshes && this.#kind !== 'record') countIfBehind(settings, scope)
    const owner = this.#owner()
    scope.open(() => cargoOf(this.#tokens, scope, settings, owner))
    if (undecided === 'throw' || onRefused === 'throw') this.#insist()
    const renewing = evaluate && this.#renew(evaluate)
    if (renewing !== undefined) return renewing.then(() => this.#observation.begin())
    this.#observation.begin()
    return undefined
  }

  /** Asked before the handler, not when a flag is read: a parser may have made something else of the event by then. */
  #owner(): Owner | undefined {
    const { subject } = this.#rules
    if (subject === undefined || this.#tokens.length === 0) return undefined
    return ownerOf(() => subject(this.event as never, this.#lambdaContext))
  }

  #insist(): void {
    const cargo = this.scope.cargo()
    if (!('none' in cargo)) return
    const { undecided, onRefused } = this.#rules
    if (cargo.none === 'refused' && onRefused === 'throw') {
      const why = `What came with this ${this.#kind} was refused (${cargo.refusal})`
      throw new WaybillError('refused', `${why}, and the policy is "throw"`)
    }
    if (undecided === 'throw') {
      throw new WaybillError('undecided', `No decisions came with this ${this.#kind}, and the policy is "throw"`)
    }
  }

  #renew({ anew, reevaluated }: Reevaluation): Promise<void> | undefined {
    const { scope } = this
    const cargo = scope.cargo()
    if (!('waybill' in cargo)) return undefined
    const { settings } = this.#rules
    const nowSeconds = Math.floor(settings.nowMs() / 1000)
    const who = anew(this.event, this.#lambdaContext)
    const renewed = reevaluated(cargo.waybill, settings, nowSeconds, who, (code) => scope.count(code))
    if (renewed instanceof Promise) return renewed.then((waybill) => scope.open({ waybill }, nowSeconds))
    scope.open({ waybill: renewed }, nowSeconds)
    return undefined
  }
}
