import { type Clause, flagFault, type NamedFlag, namesOf, type Target, type VariationOrRollout } from '@waybill/flags'
import { nameAt } from '../edits/variation.ts'
import { listed, percentOf, printable, type Style, shortJson, table } from './text.ts'

/** What everybody gets whom nothing names, in a few words. */
export function serves(flag: NamedFlag): string {
  const fault = flagFault(flag)
  if (fault !== undefined) return printable(`an error: ${fault}`)
  return flag.on ? outcomeWords(flag, flag.fallthrough ?? {}) : offWords(flag)
}

export function offWords(flag: NamedFlag): string {
  const { offVariation } = flag
  if (offVariation === undefined || offVariation === null) return 'the default that the code declares'
  return printable(nameAt(flag, offVariation))
}

export function outcomeWords(flag: NamedFlag, { variation, rollout }: VariationOrRollout): string {
  if (typeof variation === 'number') return printable(nameAt(flag, variation))
  if (!rollout) return 'nothing: it is malformed'
  const by = rollout.bucketBy && rollout.bucketBy !== 'key' ? rollout.bucketBy : ''
  const unit = [rollout.contextKind && rollout.contextKind !== 'user' ? rollout.contextKind : '', by].filter(Boolean)
  const shares = (rollout.variations ?? []).map((slot) => `${nameAt(flag, slot.variation)} ${percentOf(slot.weight)}`)
  const what = rollout.kind === 'experiment' ? ' (experiment)' : ''
  return printable(`${shares.join(', ')}${unit.length > 0 ? ` by ${unit.join(' ')}` : ''}${what}`)
}

/** A clause in words: `user country in "NL", "BE"`. */
export function clauseWords({ contextKind, attribute, op, values, negate }: Clause): string {
  if (op === 'segmentMatch') return `${negate ? 'not in' : 'in'} segment ${listed((values ?? []).map(String), 3)}`
  const subject = `${contextKind || 'user'} ${attribute ?? ''}`.trim()
  return `${printable(subject)} ${negate ? 'not ' : ''}${printable(op)} ${(values ?? []).map((one) => shortJson(one)).join(', ')}`
}

export function flagList(flags: readonly NamedFlag[], style: Style): string {
  if (flags.length === 0) return 'No flags.'
  const rows = flags.map((flag) => [printable(flag.key), flag.on ? 'on' : 'off', `v${flag.version}`, serves(flag)])
  return table([['FLAG', 'IS', 'VERSION', 'SERVES'], ...rows])
    .split('\n')
    .map((line, index) => (index === 0 ? style.faint(line) : line))
    .join('\n')
}

export function flagPage(flag: NamedFlag, style: Style): string {
  const fault = flagFault(flag)
  if (fault !== undefined) return printable(`${flag.key} is malformed, ${fault}: ${JSON.stringify(flag)}`)
  const names = namesOf(flag)
  const state = flag.on ? style.good('on') : style.bad('off')
  const variations = (flag.variations ?? []).map(
    (value, index) => `${printable(names[index] ?? '')} = ${shortJson(value)}`,
  )
  const targets = [...(flag.targets ?? []), ...(flag.contextTargets ?? [])].filter(
    (one) => (one.values ?? []).length > 0,
  )
  const rules = flag.rules ?? []
  const rows: [string, string][] = [
    ['variations', variations.join(', ') || 'none'],
    ['when off', offWords(flag)],
    ...(flag.prerequisites ?? []).map(({ key, variation }): [string, string] => [
      'prerequisite',
      printable(`${key} gives its variation ${variation}`),
    ]),
    ...targets.map((target): [string, string] => ['target', targetWords(flag, target)]),
    ...rules.map((rule, index): [string, string] => [
      `rule ${index + 1}`,
      `${(rule.clauses ?? []).map(clauseWords).join(' and ') || 'always'}: ${outcomeWords(flag, rule)}`,
    ]),
    ['fallthrough', outcomeWords(flag, flag.fallthrough ?? {})],
  ]
  return `${style.strong(printable(flag.key))}  ${state}  version ${flag.version}\n${table(rows)}`
}

function targetWords(flag: NamedFlag, { contextKind, variation, values }: Target): string {
  const kind = contextKind && contextKind !== 'user' ? `${printable(contextKind)} ` : ''
  return `${printable(nameAt(flag, variation))}: ${kind}${listed(values)}`
}
