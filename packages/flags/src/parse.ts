import type { FlagData, SegmentData } from './model.ts'

/** Says where below a value something is wrong, and what, as `.clauses[0] is no object`; `undefined` when nothing is. */
type Check = (value: unknown) => string | undefined

const isA =
  (type: 'boolean' | 'number' | 'string'): Check =>
  (value) =>
    typeof value === type ? undefined : ` is no ${type}`

/** Go's encoder writes `null` for an empty list or an absent field: both are absence. */
const absentOr =
  (check: Check): Check =>
  (value) =>
    value === undefined || value === null ? undefined : check(value)

const listOf =
  (check: Check): Check =>
  (value) => {
    if (!Array.isArray(value)) return ' is no list'
    for (const [index, member] of value.entries()) {
      const fault = check(member)
      if (fault !== undefined) return `[${index}]${fault}`
    }
    return undefined
  }

const objectOf =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return ' is no object'
    for (const name in fields) {
      const fault = fields[name]?.((value as Readonly<Record<string, unknown>>)[name])
      if (fault !== undefined) return `.${name}${fault}`
    }
    return undefined
  }

const anything: Check = () => undefined
const flag = absentOr(isA('boolean'))
const text = absentOr(isA('string'))
const number = isA('number')

const rollout = objectOf({
  kind: text,
  contextKind: text,
  bucketBy: text,
  seed: absentOr(number),
  variations: absentOr(listOf(objectOf({ variation: number, weight: number, untracked: flag }))),
})
const outcome = { variation: absentOr(number), rollout: absentOr(rollout) }
const clause = objectOf({
  contextKind: text,
  attribute: text,
  op: isA('string'),
  values: absentOr(listOf(anything)),
  negate: flag,
})
const targets = absentOr(listOf(objectOf({ contextKind: text, variation: number, values: absentOr(listOf(anything)) })))

const wholeFlag = objectOf({
  version: number,
  on: flag,
  deleted: flag,
  variations: absentOr(listOf(anything)),
  offVariation: absentOr(number),
  fallthrough: absentOr(objectOf(outcome)),
  targets,
  contextTargets: targets,
  rules: absentOr(listOf(objectOf({ ...outcome, id: text, clauses: absentOr(listOf(clause)), trackEvents: flag }))),
  prerequisites: absentOr(listOf(objectOf({ key: isA('string'), variation: number }))),
  salt: text,
  trackEvents: flag,
  trackEventsFallthrough: flag,
})

const members = absentOr(listOf(objectOf({ contextKind: text, values: absentOr(listOf(anything)) })))
const segmentRule = objectOf({
  id: text,
  clauses: absentOr(listOf(clause)),
  weight: absentOr(number),
  bucketBy: text,
  rolloutContextKind: text,
})
const wholeSegment = objectOf({
  version: number,
  deleted: flag,
  included: absentOr(listOf(anything)),
  excluded: absentOr(listOf(anything)),
  includedContexts: members,
  excludedContexts: members,
  rules: absentOr(listOf(segmentRule)),
  salt: text,
  unbounded: flag,
  unboundedContextKind: text,
  generation: absentOr(number),
})

/**
 * Where flag data departs from LaunchDarkly's model, as `flag.rules[0].clauses is no list`; `undefined` when it does not.
 * Data comes from outside whatever its type says, and JavaScript would read `"on": "false"` as on.
 */
export function flagFault(data: unknown): string | undefined {
  return named('flag', wholeFlag(data))
}

/** Narrows what a store holds to what can be compiled. */
export function isFlagData(data: unknown): data is FlagData {
  return wholeFlag(data) === undefined
}

/** The same for a segment. */
export function segmentFault(data: unknown): string | undefined {
  return named('segment', wholeSegment(data))
}

export function isSegmentData(data: unknown): data is SegmentData {
  return wholeSegment(data) === undefined
}

function named(what: string, fault: string | undefined): string | undefined {
  return fault === undefined ? undefined : `${what}${fault}`
}
