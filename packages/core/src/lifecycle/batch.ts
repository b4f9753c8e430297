import type { Arrivals } from '../carriers/arrivals.ts'
import { fieldsOf } from '../carriers/carrier.ts'
import type { ObservedScope } from '../observer.ts'
import { type Cargo, LiveScope, type Passage, type RecordScopes, type ScopeSettings } from '../scope.ts'
import { Observation, type Watch } from './observation.ts'
import type { Forcing } from './options.ts'
import { countIfBehind, refreshed } from './refresh.ts'

/** What one passage is about. */
export interface Arrived {
  readonly kind: ObservedScope['kind']
  readonly carrier: string | undefined
  readonly tokens: readonly string[]
  readonly event: unknown
}

export type BatchArrivals = Extract<Arrivals, { kind: 'batch' }>

/** A record scope within a record's scope is the same one: the token was taken out of the record by the first. */
export const INSIDE: RecordScopes = () => undefined

const NOTHING: Cargo = { none: 'undecided' }
const NO_TOKENS: readonly string[] = []

/** A batch's own scope holds no waybill; each of its records has one, found by id. */
export function batchPassage(
  settings: ScopeSettings,
  watch: Watch,
  { carrier, tokensById, problemsById, idOf, event }: BatchArrivals,
  outer: Forcing,
  open: (arrived: Arrived) => Passage,
): Passage {
  const records: RecordScopes = (record) => {
    const fields = fieldsOf(record)
    const id = fields && idOf(fields)
    const tokens = (id !== undefined && tokensById.get(id)) || NO_TOKENS
    const passage = open({ kind: 'record', carrier, tokens, event: record })
    if (id === undefined) passage.scope.count('record_unmatched')
    const problem = id === undefined ? undefined : problemsById.get(id)
    if (problem !== undefined) passage.scope.count(problem)
    return passage
  }
  const scope = new LiveScope(settings, outer, records)
  const observation = new Observation(scope, watch, 'batch', carrier)
  const enter = (): void => {
    countIfBehind(settings, scope)
    scope.open(NOTHING)
    observation.begin()
  }
  return {
    scope,
    event,
    prepare: () => {
      // Once for all records: what they name is looked for together.
      const refreshing = refreshed(settings, tokensOf(tokensById))
      if (refreshing !== undefined) return refreshing.then(enter)
      enter()
      return undefined
    },
    around: (run) => observation.around(run),
    end: (outcome) => observation.end(outcome),
    flush: () => observation.flush(),
  }
}

function* tokensOf(tokensById: BatchArrivals['tokensById']): Generator<string> {
  for (const tokens of tokensById.values()) yield* tokens
}
