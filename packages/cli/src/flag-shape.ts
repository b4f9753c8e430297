/**
 * Where a flag or a segment is not of the shape that edits and pages rely on, in words; `undefined` when it is. Go's encoder
 * writes `null` for an empty list: that is absence.
 */
export function shapeFault(item: unknown): string | undefined {
  if (!isObject(item)) return 'it is no object'
  for (const name of ['variations', 'targets', 'contextTargets', 'rules', 'prerequisites']) {
    if (!isAbsent(item[name]) && !Array.isArray(item[name])) return `"${name}" is no list`
  }
  for (const name of ['on', 'deleted']) {
    if (!isAbsent(item[name]) && typeof item[name] !== 'boolean') return `"${name}" is not true or false`
  }
  if (!isAbsent(item['offVariation']) && typeof item['offVariation'] !== 'number') return '"offVariation" is no number'
  for (const name of ['targets', 'contextTargets']) {
    const wrong = listIn(item, name).findIndex((one) => !isObject(one) || isWrongList(one['values']))
    if (wrong !== -1) return `"${name}[${wrong}]" is no target`
  }
  const rules = listIn(item, 'rules')
  const wrong = rules.findIndex((one) => !isObject(one) || !isListOfObjects(one['clauses']))
  if (wrong !== -1) return `"rules[${wrong}]" is no rule`
  if (!isListOfObjects(item['prerequisites'])) return '"prerequisites" are no objects'
  const outcomes = [...rules, ...(isAbsent(item['fallthrough']) ? [] : [item['fallthrough']])]
  const bad = outcomes.find((one) => !isObject(one) || !isRollout(one['rollout']))
  return bad === undefined ? undefined : 'a rule or the fallthrough has a malformed rollout'
}

type Fields = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const isAbsent = (value: unknown): boolean => value === undefined || value === null
const isWrongList = (value: unknown): boolean => !isAbsent(value) && !Array.isArray(value)
const listIn = (item: Fields, name: string): readonly unknown[] => (item[name] ?? []) as readonly unknown[]

function isListOfObjects(value: unknown): boolean {
  return isAbsent(value) || (Array.isArray(value) && value.every(isObject))
}

function isRollout(value: unknown): boolean {
  if (isAbsent(value)) return true
  if (!isObject(value) || !isListOfObjects(value['variations'])) return false
  return listIn(value, 'variations').every(
    (slot) => isObject(slot) && typeof slot['variation'] === 'number' && typeof slot['weight'] === 'number',
  )
}
