import type { JsonValue } from '@waybill/core'
import { contextOfKind, kindsOf } from '../../src/context.ts'
import type { FlagData, SegmentData } from '../../src/model.ts'
import { clauseByClause, cutPrerequisites } from './lost-errors.ts'
import type { NodeSdk } from './node-sdk.ts'
import {
  has,
  type Question,
  translated,
  withAttributes,
  withClauses,
  withFlags,
  withOutcomes,
  withReferences,
  withRollouts,
  withSegmentRules,
  withSegments,
} from './rewrite.ts'
import { DATES, PATTERNS, VERSIONS } from './vocabulary.ts'

/**
 * Where Node departs from Go, as a rewriting of the question: Node, asked the rewritten one, must answer as Go answers the
 * original. So nothing is excused by its looks. An outcome is explained only if Node gives it for the reason named here.
 */
export interface Departure {
  readonly name: string
  readonly rewrite: (question: Question, sdk: NodeSdk) => Question | Promise<Question>
}

/** Neither text nor number: such a value matches nothing. */
const NOTHING = false

const lookedUp =
  (table: Readonly<Record<string, JsonValue>>) =>
  (value: JsonValue): JsonValue =>
    typeof value === 'string' && Object.hasOwn(table, value) ? (table[value] ?? NOTHING) : value

export const DEPARTURES: readonly Departure[] = [
  {
    name: 'an empty context kind is no kind',
    rewrite: (question) => {
      const named = <T extends { readonly contextKind?: string }>(item: T): T => {
        if (item.contextKind !== '') return item
        const { contextKind: _empty, ...rest } = item
        return rest as T
      }
      const flags = withFlags(withRollouts(withClauses(question, named), named), (flag) => ({
        ...flag,
        targets: (flag.targets ?? []).map(named),
        contextTargets: (flag.contextTargets ?? []).map(named),
      }))
      const segments = withSegments(flags, (segment) => ({
        ...segment,
        includedContexts: (segment.includedContexts ?? []).map(named),
        excludedContexts: (segment.excludedContexts ?? []).map(named),
      }))
      return withSegmentRules(segments, ({ rolloutContextKind, ...rule }) => ({
        ...rule,
        ...(rolloutContextKind ? { rolloutContextKind } : {}),
      }))
    },
  },
  {
    name: '`/kind` is the list of kinds, and nothing to bucket by',
    rewrite: (question) => {
      const renamed = (name: string | undefined, kind: string | undefined): string | undefined =>
        (name === '/kind' && kind) || name === 'kind' ? 'own-kind' : name
      const asked = withClauses(question, (clause) =>
        clause.attribute === '/kind' ? { ...clause, attribute: renamed('/kind', clause.contextKind) ?? '' } : clause,
      )
      const rolled = withRollouts(asked, (rollout) => ({
        ...rollout,
        bucketBy: renamed(rollout.bucketBy, rollout.contextKind) ?? '',
      }))
      const all = withSegmentRules(rolled, (rule) => ({
        ...rule,
        bucketBy: renamed(rule.bucketBy, rule.rolloutContextKind) ?? '',
      }))
      return { ...all, context: withAttributes(question.context, (_part, kind) => ({ 'own-kind': kind })) }
    },
  },
  {
    name: 'a reference that starts `/~0` is never unescaped',
    rewrite: (question) => {
      const plain = (name: string | undefined, kind: string | undefined): string =>
        kind && name?.startsWith('/~0') ? name.replace('/~0', '~') : (name ?? '')
      return withReferences(question, plain)
    },
  },
  {
    name: 'a plain name may not hold `//` nor end in `~`',
    rewrite: (question) =>
      withReferences(question, (name = '', kind) =>
        kind && /^[^/].*\/\/|^[^/].*~$/.test(name) ? `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}` : name,
      ),
  },
  {
    name: 'a reference may end in a slash',
    rewrite: (question) => {
      // Two slashes Node refuses as well.
      const refused = (name: string | undefined, kind: string | undefined): string =>
        kind && name?.startsWith('/') && name.endsWith('/') ? '//' : (name ?? '')
      return withReferences(question, refused)
    },
  },
  {
    name: 'a seed of 0 is none',
    // To Node a text is a seed, whatever it says.
    rewrite: (question) =>
      withRollouts(question, (rollout) => (rollout.seed === 0 ? { ...rollout, seed: '0' as never } : rollout)),
  },
  {
    name: 'the weight of a segment’s rule matches also without the kind',
    rewrite: (question) =>
      withSegmentRules(question, (rule) => {
        const isWeighed = rule.weight !== undefined && rule.weight !== null
        return isWeighed && !has(question.context, rule.rolloutContextKind) ? { ...rule, weight: 0 } : rule
      }),
  },
  {
    name: 'keys of users in a segment’s lists by kind count for a user alone',
    rewrite: (question) => {
      if (kindsOf(question.context).some((kind) => kind !== 'user')) return question
      const others = (targets: SegmentData['includedContexts']) =>
        (targets ?? []).filter(({ contextKind }) => (contextKind || 'user') !== 'user')
      return withSegments(question, (segment) => ({
        ...segment,
        includedContexts: others(segment.includedContexts),
        excludedContexts: others(segment.excludedContexts),
      }))
    },
  },
  {
    name: 'keys of a user entry in `contextTargets` are ignored',
    rewrite: (question) =>
      withFlags(question, (flag) => {
        const { contextTargets = [], targets = [] } = flag
        const isUser = ({ contextKind }: { contextKind?: string }): boolean => (contextKind || 'user') === 'user'
        if (!contextTargets.some((one) => isUser(one) && one.values.length > 0)) return flag
        // Who is targeted is worked out here; Node is told the answer.
        const matched = contextTargets.find((one) => {
          const lender = targets.find(({ variation }) => variation === one.variation)
          const keys = isUser(one) && one.values.length === 0 ? (lender?.values ?? []) : one.values
          const key = contextOfKind(question.context, one.contextKind || 'user')?.['key']
          return keys.includes(key as string)
        })
        if (matched === undefined) return { ...flag, targets: [], contextTargets: [] }
        const kind = matched.contextKind || 'user'
        const key = String(contextOfKind(question.context, kind)?.['key'])
        const entry = { contextKind: kind, variation: matched.variation, values: [key] }
        return kind === 'user'
          ? { ...flag, targets: [entry], contextTargets: [] }
          : { ...flag, targets: [], contextTargets: [entry] }
      }),
  },
  {
    name: 'a prerequisite without a usable outcome is an error',
    rewrite: (question) => {
      // An outcome that nobody asks for takes the place of those that cannot be had.
      const NOBODYS = 9
      const usable = (variation: number | null | undefined, flag: FlagData | undefined): boolean =>
        typeof variation === 'number' && variation >= 0 && variation < (flag?.variations?.length ?? 0)
      const mended = withOutcomes(question, (outcome, key) => {
        const flag = question.data.flags[key]
        const index = (variation: number): number => (usable(variation, flag) ? variation : NOBODYS)
        if (key === question.key) return outcome
        if (typeof outcome.variation === 'number') return { variation: index(outcome.variation) }
        const { rollout } = outcome
        const reference = rollout?.kind === 'experiment' ? '' : (rollout?.bucketBy ?? '')
        if (!rollout?.variations.length || isMalformed(reference, rollout.contextKind)) return { variation: NOBODYS }
        const variations = rollout.variations.map((one) => ({ ...one, variation: index(one.variation) }))
        return { rollout: { ...rollout, variations } }
      })
      return withFlags(mended, (flag, key) => {
        if (key === question.key) return flag
        const aimed = <T extends { readonly variation: number }>(item: T): T =>
          usable(item.variation, flag) ? item : { ...item, variation: NOBODYS }
        const { offVariation = null } = flag
        return {
          ...flag,
          variations: Array.from({ length: 10 }, (_, at) => flag.variations?.[at] ?? 'nobody’s'),
          ...(offVariation === null || usable(offVariation, flag) ? {} : { offVariation: NOBODYS }),
          targets: (flag.targets ?? []).map(aimed),
          contextTargets: (flag.contextTargets ?? []).map(aimed),
        }
      })
    },
  },
  {
    name: 'a big segment without a generation, or of generation 0',
    rewrite: (question) =>
      withSegments(question, (segment) => {
        if (!segment.unbounded) return segment
        if (segment.generation === 0) return { ...segment, generation: 1 }
        // Without a generation nobody is looked for: the kind does not matter, only that there is one.
        const anyKind = kindsOf(question.context)[0] ?? 'user'
        return segment.generation === undefined ? { ...segment, unboundedContextKind: anyKind } : segment
      }),
  },
  {
    name: 'dates that are read otherwise',
    rewrite: (question) =>
      translated(question, /^(before|after)$/, ['date', 'dates', 'text', 'n'], (value) =>
        typeof value === 'number' ? Math.trunc(value) : lookedUp(DATES)(value),
      ),
  },
  {
    name: 'versions that are read otherwise',
    rewrite: (question) => translated(question, /^semVer/, ['version', 'text', 'n'], lookedUp(VERSIONS)),
  },
  {
    name: 'patterns that are read otherwise',
    rewrite: (question) => translated(question, /^matches$/, [], lookedUp(PATTERNS)),
  },
  {
    name: 'null in a list is in a list with null',
    rewrite: (question) =>
      withClauses(question, (clause) =>
        clause.op === 'in' ? { ...clause, values: clause.values.filter((one) => one !== null) } : clause,
      ),
  },
  { name: 'an error in a clause is lost when a later clause follows', rewrite: clauseByClause },
  { name: 'a cycle is forgotten when another prerequisite follows', rewrite: cutPrerequisites },
]

/** As the generator makes them. */
function isMalformed(reference: string, kind: string | undefined): boolean {
  return Boolean(kind) && reference.startsWith('/') && /^\/$|\/\/|.\/$|~(?![01])/.test(reference)
}
