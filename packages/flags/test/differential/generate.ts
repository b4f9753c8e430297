import type { EvaluationContext, JsonValue } from '@waybill/core'
import type {
  Clause,
  FlagData,
  Rollout,
  Rule,
  SegmentData,
  SegmentRule,
  Target,
  VariationOrRollout,
} from '../../src/model.ts'
import type { Random } from './random.ts'
import { DATES, PATTERNS, TEXTS, VERSIONS } from './vocabulary.ts'

export interface Snapshot {
  readonly flags: Readonly<Record<string, FlagData>>
  readonly segments: Readonly<Record<string, SegmentData>>
}

export const KINDS = ['user', 'org', 'device'] as const
const KEYS = ['a', 'b', 'u1', 'u2', 'u3']
const SCALARS: readonly JsonValue[] = ['a', 'b', 'Ü', '', 1, 2, 2.5, 0, -1, true, false]
const ODD: readonly JsonValue[] = [null, { x: 1 }, ['a']]
const REFERENCES = [
  ...['key', 'kind', 'name', 'anonymous', 'attr', 'n', 'list', 'text', 'obj', 'a/b', '~b', 'a//b', 'b~'],
  ...['/attr', '/obj/x', '/a~1b', '/~0b', '/obj', '/list/0', '/kind', '/key'],
]
const MALFORMED_REFERENCES = ['', '/', '/bad//x', '/bad/', '/bad~', '/bad~2']

/** Data and contexts for one run. */
export interface Generator {
  readonly snapshot: () => Snapshot
  readonly context: () => EvaluationContext
}

export function generator(random: Random): Generator {
  const { chance, pick, below, list } = random
  const some = <T extends object>(probability: number, make: () => T): T | object => (chance(probability) ? make() : {})
  const value = (): JsonValue => (chance(0.9) ? pick(SCALARS) : pick(ODD))
  const reference = (): string => (chance(0.96) ? pick(REFERENCES) : pick(MALFORMED_REFERENCES))
  const kind = (): string => (chance(0.97) ? pick(KINDS) : pick(['', 'nobody']))

  /** Seldom none. */
  const operands = <T>(most: number, make: () => T): readonly T[] => [
    ...(chance(0.9) ? [make()] : []),
    ...list(most - 1, make),
  ]
  const operators: Readonly<Record<string, () => Partial<Clause>>> = {
    in: () => ({ values: operands(3, value) }),
    startsWith: () => ({
      attribute: pick(['text', 'attr', 'key']),
      values: operands(2, () => pick(['h', 'a', 'u', '', 1])),
    }),
    endsWith: () => ({
      attribute: pick(['text', 'attr', 'list']),
      values: operands(2, () => pick(['d', 'c', '1', ''])),
    }),
    contains: () => ({ attribute: pick(['text', 'name']), values: operands(2, () => pick(['lo', '.', 'a', true])) }),
    matches: () => ({
      attribute: pick(['text', 'text', 'version']),
      values: operands(2, () => pick(Object.keys(PATTERNS))),
    }),
    lessThan: () => ({ attribute: pick(['n', 'attr']), values: operands(2, value) }),
    lessThanOrEqual: () => ({ attribute: pick(['n', 'list']), values: operands(2, value) }),
    greaterThan: () => ({ attribute: pick(['n', 'attr']), values: operands(2, value) }),
    greaterThanOrEqual: () => ({ attribute: pick(['n', '/obj/x']), values: operands(2, value) }),
    before: () => ({ attribute: pick(['date', 'date', 'dates', 'text']), values: operands(2, date) }),
    after: () => ({ attribute: pick(['date', 'date', 'dates', 'n']), values: operands(2, date) }),
    semVerEqual: () => ({ attribute: pick(['version', 'text']), values: operands(2, version) }),
    semVerLessThan: () => ({ attribute: pick(['version', 'n']), values: operands(2, version) }),
    semVerGreaterThan: () => ({ attribute: 'version', values: operands(2, version) }),
    segmentMatch: () => ({ values: operands(2, () => (chance(0.9) ? `s${below(6)}` : pick(['nowhere', 1]))) }),
    nobodyKnows: () => ({ values: operands(2, value) }),
  }
  const names = Object.keys(operators)
  const date = (): JsonValue =>
    chance(0.7) ? pick(Object.keys(DATES)) : pick([1709208000000, 0, 1709208000000.5, true])
  const version = (): JsonValue => (chance(0.95) ? pick(Object.keys(VERSIONS)) : pick([2, true]))

  const clause = (only: readonly string[] = names): Clause => {
    const op = chance(0.3) ? pick(only.filter((one) => one === 'in' || one === 'segmentMatch')) : pick(only)
    const contextKind = some(0.4, () => ({ contextKind: kind() }))
    const specific = operators[op]?.() ?? {}
    return {
      ...contextKind,
      attribute: reference(),
      op,
      values: [],
      ...specific,
      ...some(0.3, () => ({ negate: true })),
    }
  }
  const bucketBy = (): object => some(0.3, () => ({ bucketBy: reference() }))
  const rollout = (): Rollout => ({
    ...some(0.5, () => ({ kind: pick(['experiment', 'rollout'] as const) })),
    ...some(0.5, () => ({ contextKind: kind() })),
    ...bucketBy(),
    ...some(0.3, () => ({ seed: below(4) * 7 })),
    variations: list(4, () => ({
      variation: variation(),
      weight: pick([0, 1, 10_000, 50_000, 99_999, 100_000, 33_333]),
      ...some(0.2, () => ({ untracked: true })),
    })),
  })
  const variation = (): number => (chance(0.96) ? below(3) : pick([3, -1]))
  const outcome = (): VariationOrRollout =>
    chance(0.5) ? { variation: variation() } : chance(0.97) ? { rollout: rollout() } : {}
  const target = (byKind: boolean): Target => ({
    ...(byKind ? { contextKind: kind() } : {}),
    variation: variation(),
    values: byKind && chance(0.4) ? [] : [pick(KEYS), pick(KEYS)],
  })
  const rule = (index: number): Rule => ({ id: `r${index}`, clauses: list(3, () => clause()), ...outcome() })

  const flag = (index: number): FlagData => {
    // Half of the flags are decided by their rules alone, which else are seldom reached.
    const byRules = chance(0.5)
    const common = {
      key: `f${index}`,
      version: 1,
      on: chance(0.93),
      variations: ['zero', 1, { two: 2 }],
      salt: pick(['s', '', 'salt2']),
      ...some(0.8, () => ({ offVariation: variation() })),
      fallthrough: outcome(),
    }
    if (byRules) {
      const single = (at: number): Rule => ({ id: `r${at}`, clauses: [clause()], variation: below(3) })
      return { ...common, rules: [0, 1, 2].map((at) => (chance(0.7) ? single(at) : rule(at))) }
    }
    return {
      ...common,
      targets: list(2, () => target(false)),
      contextTargets: chance(0.7) ? [] : list(4, () => target(true)),
      rules: list(3, () => 0).map((_zero, at) => rule(at)),
      prerequisites: chance(0.4)
        ? []
        : list(2, () => ({
            // Mostly of the flags behind this one, so that there are few cycles.
            key: chance(0.9) ? `f${index + 1 + below(3)}` : `f${below(8)}`,
            variation: below(3),
          })),
    }
  }

  /** Node looks for cycles anew from each big segment, and then for ever: theirs ask for no other. */
  const plain = names.filter((one) => one !== 'segmentMatch')
  const segment = (index: number): SegmentData => {
    const unbounded = chance(0.15)
    const segmentRule = (): SegmentRule => ({
      clauses: list(2, () => clause(unbounded || chance(0.6) ? plain : names)),
      ...some(0.4, () => ({ weight: pick([0, 1, 50_000, 100_000, null]) })),
      ...bucketBy(),
      ...some(0.4, () => ({ rolloutContextKind: kind() })),
    })
    const members = () => ({ contextKind: kind(), values: list(2, () => pick(KEYS)) })
    return {
      key: `s${index}`,
      version: 1,
      salt: pick(['s', '', 'salt2']),
      included: list(1, () => pick(KEYS)),
      excluded: list(1, () => pick(KEYS)),
      includedContexts: chance(0.7) ? [] : list(2, members),
      excludedContexts: chance(0.7) ? [] : list(2, members),
      rules: list(2, segmentRule),
      ...(unbounded
        ? {
            unbounded,
            ...some(0.5, () => ({ unboundedContextKind: kind() })),
            ...some(0.8, () => ({ generation: below(3) })),
          }
        : {}),
    }
  }

  const part = (): { readonly key: string } => ({
    key: pick(KEYS),
    ...some(0.6, () => ({ attr: value() })),
    ...some(0.8, () => ({ text: pick(TEXTS) })),
    ...some(0.6, () => ({ n: pick([1, 2, 3.5, -1, 1e21, 1709208000000]) })),
    ...some(0.3, () => ({ list: [value(), value()] })),
    ...some(0.3, () => ({ obj: { x: value() } })),
    ...some(0.3, () => ({ 'a/b': value(), '~b': value(), 'a//b': value(), 'b~': value() })),
    ...some(0.7, () => ({ date: date() })),
    ...some(0.4, () => ({ dates: [date(), date()] })),
    ...some(0.8, () => ({ version: version() })),
    ...some(0.2, () => ({ name: pick(['a', 'b', 'allo']) })),
    ...some(0.2, () => ({ anonymous: chance(0.5) })),
  })
  /** A user as described before there were kinds. */
  const legacy = (): EvaluationContext => {
    const { key, name, anonymous, ...custom } = part() as Record<string, JsonValue> & { key: string }
    const known = { ...(name === undefined ? {} : { name }), ...(anonymous === undefined ? {} : { anonymous }) }
    return { key, ...known, custom } as EvaluationContext
  }

  return {
    snapshot: () => ({
      flags: Object.fromEntries(Array.from({ length: 6 }, (_, index) => [`f${index}`, flag(index)])),
      segments: Object.fromEntries(Array.from({ length: 6 }, (_, index) => [`s${index}`, segment(index)])),
    }),
    context: () => {
      if (chance(0.1)) return legacy()
      if (chance(0.5)) return { kind: pick(KINDS), ...part() }
      const kinds = KINDS.filter(() => chance(0.6))
      const parts = Object.fromEntries((kinds.length === 0 ? ['user'] : kinds).map((one) => [one, part()]))
      return { kind: 'multi', ...parts } as EvaluationContext
    },
  }
}
