import { type Arrivals, arrivals } from '../carriers/arrivals.ts'
import { fieldsOf } from '../carriers/carrier.ts'
import { WaybillError } from '../errors.ts'
import type { ObservedScope } from '../observer.ts'
import {
  ambientScope,
  type Cargo,
  LiveScope,
  type Outcome,
  type Passage,
  type RecordScopes,
  type ScopeSettings,
} from '../scope.ts'
import { openToken } from '../token/open.ts'
import { failedByStatus, Observation, type Watch } from './observation.ts'
import {
  type Forcing,
  forcing,
  type HonourOptions,
  type LifecycleOptions,
  type Reevaluation,
  settingsOf,
} from './options.ts'

/** Options of an inner function: it never decides, it honours. */
export interface InnerOptions extends LifecycleOptions, HonourOptions {
  /** Who decides anew what is too old; demanded by flags with `whenExpired: 'evaluate'`. */
  readonly evaluate?: Reevaluation
}

/** Opens passages for the events of an inner function, and for single records outside any batch. */
export interface InnerLifecycle {
  (event: unknown, lambdaContext: unknown): Passage
  readonly record: (carrier: string, tokens: readonly string[], record: unknown) => Passage
}

/** Makes the lifecycle of an inner function. Throws `bad_option`. */
export function innerLifecycle(options: InnerOptions): InnerLifecycle {
  const settings = settingsOf('honourDecisions', options)
  const { observers = [], isFailure = failedByStatus, undecided = 'default' } = options
  const rules: Rules = { settings, watch: { role: 'inner', observers, isFailure }, undecided }
  const lifecycle = (event: unknown, lambdaContext: unknown): Passage => {
    const arrived = arrivals(event, lambdaContext)
    if (arrived.kind === 'batch') return batchPassage(rules, arrived)
    const { carrier, tokens, event: clean } = arrived
    return new InnerPassage(rules, { kind: 'invocation', carrier, tokens, event: clean }, forcing(ambientScope()))
  }
  const record = (carrier: string, tokens: readonly string[], one: unknown): Passage =>
    new InnerPassage(rules, { kind: 'record', carrier, tokens, event: one }, forcing(ambientScope()), INSIDE)
  return Object.assign(lifecycle, { record })
}

interface Rules {
  readonly settings: ScopeSettings
  readonly watch: Watch
  readonly undecided: 'default' | 'throw'
}

/** What one passage is about. */
interface Arrived {
  readonly kind: ObservedScope['kind']
  readonly carrier: string | undefined
  readonly tokens: readonly string[]
  readonly event: unknown
}

const NOTHING: Cargo = { none: 'undecided' }

class InnerPassage implements Passage {
  readonly scope: LiveScope
  readonly event: unknown
  readonly #rules: Rules
  readonly #kind: ObservedScope['kind']
  readonly #tokens: readonly string[]
  readonly #observation: Observation

  constructor(rules: Rules, { kind, carrier, tokens, event }: Arrived, outer: Forcing, records?: RecordScopes) {
    this.scope = new LiveScope(rules.settings, outer, records)
    this.event = event
    this.#rules = rules
    this.#kind = kind
    this.#tokens = tokens
    this.#observation = new Observation(this.scope, rules.watch, kind, carrier)
  }

  prepare(): Promise<void> | undefined {
    const refreshed = this.#rules.settings.recalls?.refresh?.()
    if (refreshed !== undefined) return refreshed.catch(() => undefined).then(() => this.#enter())
    this.#enter()
    return undefined
  }

  around<T>(run: () => T): T {
    return this.#observation.around(run)
  }

  end(outcome: Outcome): void {
    this.#observation.end(outcome)
  }

  #enter(): void {
    const { scope } = this
    if (this.#kind !== 'record' && this.#rules.settings.recalls?.isBehind?.()) scope.count('recalls_unavailable')
    if (this.#kind === 'batch') {
      scope.open(NOTHING)
    } else {
      scope.open(() => cargoOf(this.#tokens, scope, this.#rules.settings))
      if (this.#rules.undecided === 'throw' && !scope.carries()) {
        throw new WaybillError('undecided', `No decisions came with this ${this.#kind}, and the policy is "throw"`)
      }
    }
    this.#observation.begin()
  }
}

/** A batch's own scope holds no waybill; each of its records has one, found by id. */
function batchPassage(rules: Rules, arrived: Extract<Arrivals, { kind: 'batch' }>): Passage {
  const { carrier, tokensById, idOf, event } = arrived
  const outer = forcing(ambientScope())
  const records: RecordScopes = (record) => {
    const fields = fieldsOf(record)
    const id = fields && idOf(fields)
    const tokens = (id !== undefined && tokensById.get(id)) || NO_TOKENS
    const passage = new InnerPassage(rules, { kind: 'record', carrier, tokens, event: record }, outer, INSIDE)
    if (id === undefined) passage.scope.count('record_unmatched')
    return passage
  }
  return new InnerPassage(rules, { kind: 'batch', carrier, tokens: NO_TOKENS, event }, outer, records)
}

const NO_TOKENS: readonly string[] = []

/** A record scope within a record's scope is the same one: the token was taken out of the record by the first. */
const INSIDE: RecordScopes = () => undefined

/** Opens what arrived, counting what is not believed. Refused texts go no further; unknown formats are passed on. */
function cargoOf(tokens: readonly string[], scope: LiveScope, settings: ScopeSettings): Cargo {
  const [token] = tokens
  if (token === undefined) {
    scope.count('no_token')
    return { none: 'undecided' }
  }
  if (tokens.length > 1) {
    scope.count('duplicate')
    return { none: 'refused' }
  }
  const opened = openToken(token, settings.keys, settings.audience === undefined ? {} : { audience: settings.audience })
  if ('waybill' in opened) return opened
  scope.count(opened.refusal)
  return opened.refusal === 'unknown_format' ? { opaque: token } : { none: 'refused' }
}
