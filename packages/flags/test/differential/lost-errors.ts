import type { Clause, FlagData, SegmentData, SegmentRule } from '../../src/model.ts'
import type { NodeSdk } from './node-sdk.ts'
import { type Question, withFlags } from './rewrite.ts'

/*
 * Node forgets an error when it goes on to what follows. These rewritings let nothing follow.
 */

/**
 * Each clause once as the last of a rule that matches nobody: its weight is 0. Segments can say that; so the clauses of a
 * flag's rule move into a segment of their own.
 */
export function clauseByClause(question: Question): Question {
  const spread = (rules: readonly SegmentRule[] = []): readonly SegmentRule[] =>
    rules.flatMap((rule) => {
      const clauses = rule.clauses ?? []
      const asked = clauses.slice(0, -1).map((_clause, at) => ({ clauses: clauses.slice(0, at + 1), weight: 0 }))
      return [...asked, rule]
    })
  const segments: Record<string, SegmentData> = {}
  for (const [key, segment] of Object.entries(question.data.segments)) {
    segments[key] = { ...segment, rules: spread(segment.rules) }
  }
  const moved = (clauses: readonly Clause[], key: string): readonly Clause[] => {
    if (clauses.length < 2) return clauses
    segments[key] = { key, version: 1, rules: spread([{ clauses }]) }
    return [{ op: 'segmentMatch', values: [key] }]
  }
  const flags = withFlags(question, (flag, key) => ({
    ...flag,
    rules: (flag.rules ?? []).map((rule, at) => ({
      ...rule,
      clauses: moved(rule.clauses ?? [], `rule ${at} of ${key}`),
    })),
  }))
  return { ...flags, data: { flags: flags.data.flags, segments } }
}

const probe: FlagData = {
  key: 'probe',
  version: 1,
  on: true,
  variations: [0],
  offVariation: 0,
  fallthrough: { variation: 0 },
}

/** Drops the prerequisites behind one that comes back to its flag. Node says itself which does, asked for it alone. */
export async function cutPrerequisites(question: Question, sdk: NodeSdk): Promise<Question> {
  let asked = clauseByClause(question)
  // Each round uncovers cycles one level further out.
  for (let round = 0; round < 8; round += 1) {
    const kept = new Map<string, number>()
    const { flags, segments } = asked.data
    for (const [key, { prerequisites = [] }] of Object.entries(flags)) {
      for (let length = 1; length < prerequisites.length && !kept.has(key); length += 1) {
        // Nothing but its prerequisites can be wrong with such a flag.
        const asking = { ...probe, key, prerequisites: prerequisites.slice(0, length) }
        const said = await sdk.decide({ flags: { ...flags, [key]: asking }, segments }, key, question.context)
        if (said.includes('MALFORMED_FLAG')) kept.set(key, length)
      }
    }
    if (kept.size === 0) break
    asked = withFlags(asked, (flag, key) => ({
      ...flag,
      prerequisites: flag.prerequisites?.slice(0, kept.get(key)) ?? [],
    }))
  }
  return asked
}
