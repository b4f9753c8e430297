import { type Arrivals, arrivals } from '../carriers/arrivals.ts'
import { fieldsOf } from '../carriers/carrier.ts'
import { WaybillError } from '../errors.ts'
import type { ObservedScope, Observer } from '../observer.ts'
import {
  ambientScope,
  type Cargo,
  LiveScope,
  type Passage,
  type RecordScopes,
  type Scope,
  type ScopeSettings,
} from '../scope.ts'
import type { RecallSource } from '../source.ts'
import { openToken } from '../token/open.ts'
import { failedByStatus, observe } from './observation.ts'
import { forcing, type LifecycleOptions, settingsOf } from './options.ts'

/** Options of an inner function: it never decides, it honours. */
export interface InnerOptions extends LifecycleOptions {
  /** What to do without a believable token: run on declared defaults (the default), or throw `undecided`. */
  readonly undecided?: 'default' | 'throw'
  readonly recalls?: RecallSource
}

/** Opens passages for the events of an inner function, and for single records outside any batch. */
export interface InnerLifecycle {
  (event: unknown, lambdaContext: unknown): Passage
  readonly record: (carrier: string, tokens: readonly string[], record: unknown) => Passage
}

/** Makes the lifecycle of an inner function. Throws `bad_option`. */
export function innerLifecycle(options: InnerOptions): InnerLifecycle {
  const settings = settingsOf('honourDecisions', options, options.recalls)
  const rules: Rules = {
    settings,
    observers: options.observers ?? [],
    isFailure: options.isFailure ?? failedByStatus,
    undecided: options.undecided ?? 'default',
  }
  const lifecycle = (event: unknown, lambdaContext: unknown): Passage => {
    const arrived = arrivals(event, lambdaContext)
    return arrived.kind === 'batch'
      ? batchPassage(rules, arrived)
      : passage(rules, 'invocation', arrived.carrier, arrived.tokens, arrived.event)
  }
  const record = (carrier: string, tokens: readonly string[], one: unknown): Passage =>
    passage(rules, 'record', carrier, tokens, one)
  return Object.assign(lifecycle, { record })
}

interface Rules {
  readonly settings: ScopeSettings
  readonly observers: readonly Observer[]
  readonly isFailure: (response: unknown) => boolean
  readonly undecided: 'default' | 'throw'
}

function passage(
  rules: Rules,
  kind: ObservedScope['kind'],
  carrier: string | undefined,
  tokens: readonly string[],
  event: unknown,
  outer: Scope | undefined = forcing(ambientScope()),
  records?: RecordScopes,
): Passage {
  const { settings, observers, isFailure } = rules
  const scope = new LiveScope(settings, outer, records)
  const observation = observe(scope, { role: 'inner', kind, carrier, observers, isFailure })
  const enter = (): void => {
    scope.open(kind === 'batch' ? NOTHING : () => cargoOf(tokens, scope, settings))
    if (kind !== 'batch' && rules.undecided === 'throw' && !scope.carries()) {
      throw new WaybillError('undecided', `No decisions came with this ${kind}, and the policy is "throw"`)
    }
    observation.begin()
  }
  return {
    scope,
    event,
    prepare: () => {
      const refreshed = settings.recalls?.refresh?.()
      if (refreshed !== undefined) return refreshed.catch(() => undefined).then(enter)
      enter()
      return undefined
    },
    around: observation.around,
    end: observation.end,
  }
}

const NOTHING: Cargo = { none: 'undecided' }

/** A batch's own scope holds no waybill; each of its records has one, found by id. */
function batchPassage(rules: Rules, arrived: Extract<Arrivals, { kind: 'batch' }>): Passage {
  const { carrier, tokensById, idOf, event } = arrived
  const outer = forcing(ambientScope())
  const records: RecordScopes = (record) => {
    const fields = fieldsOf(record)
    const id = fields && idOf(fields)
    const made = passage(rules, 'record', carrier, (id && tokensById.get(id)) || [], record, outer)
    if (id === undefined) made.scope.count('record_unmatched')
    return made
  }
  return passage(rules, 'batch', carrier, [], event, outer, records)
}

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
