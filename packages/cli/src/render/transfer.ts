import type { Differing } from '../comparison.ts'
import type { Imported } from '../import-all.ts'
import { differenceLines } from './change.ts'
import { printable, type Style } from './text.ts'

const called = (kind: 'features' | 'segments', key: string): string =>
  `${kind === 'features' ? 'flag' : 'segment'} ${printable(key)}`

export function comparisonLines(differing: readonly Differing[], style: Style): string {
  if (differing.length === 0) return 'No differences.'
  return differing
    .flatMap(({ kind, key, where, differences }) => {
      const name = called(kind, key)
      if (where === 'store') return [style.bad(`- ${name}: only in the store, an import leaves it`)]
      if (where === 'file') return [style.good(`+ ${name}: only in the file`)]
      return [
        style.strong(`  ${name}`),
        ...differences.flatMap((one) => differenceLines(one, style).map((line) => `  ${line}`)),
      ]
    })
    .join('\n')
}

export function importLines(outcomes: readonly Imported[], storeName: string, dryRun: boolean, style: Style): string {
  const count = (status: Imported['status']): number => outcomes.filter((one) => one.status === status).length
  const shown = outcomes.filter(({ status }) => status !== 'unchanged')
  const lines = shown.map(({ kind, key, status, version, message }) => {
    if (status === 'refused') return style.bad(`refused  ${called(kind, key)}: ${printable(message ?? '')}`)
    return `${style.good(status.padEnd(8))} ${called(kind, key)}, version ${version}`
  })
  const counts = (['created', 'changed', 'unchanged', 'refused'] as const).map((status) => `${count(status)} ${status}`)
  return [...lines, `${dryRun ? 'It would be, in' : 'In'} ${storeName}: ${counts.join(', ')}.`].join('\n')
}
