import { styleText } from 'node:util'
import { byChain, formatCount, formatMs, formatShare, formatUsersTouched } from './format.ts'
import type { DemoResult, HopResult, RouteResult, SeedCase, ServiceResult } from './results.ts'

export interface TableOptions {
  readonly colour: boolean
  /** Columns of the terminal: below 104 the table takes 80, else 104. */
  readonly width: number
}

type Style = Parameters<typeof styleText>[0]

interface Cell {
  readonly text: string
  readonly style?: Style
}

interface Row {
  readonly label: readonly [left: Cell, right?: Cell]
  readonly waybill: readonly Cell[]
  readonly weightedAlias: readonly Cell[]
}

const cellWidth = 7
const narrow = { width: 80, columns: 3 }
const wide = { width: 104, columns: 4 }

/**
 * The terminal's summary of a run: Waybill beside the weighted alias, row by row. Each line ends in `\n`.
 *
 * @example process.stdout.write(renderTable(result, { colour: process.stdout.hasColors(), width: process.stdout.columns }))
 */
export function renderTable(result: DemoResult, options: TableOptions): string {
  const { width, columns } = options.width >= wide.width ? wide : narrow
  const halfWidth = columns * cellWidth + columns - 1
  const labelWidth = width - 2 * (halfWidth + 3) - 1
  const { waybill, weightedAlias, seedCase } = result

  const paint = ({ text, style }: Cell, padded: string) =>
    style && text && options.colour
      ? padded.replace(text, () => styleText(style, text, { validateStream: false }))
      : padded
  const bar = paint({ text: '│', style: 'dim' }, '│')

  const half = (cells: readonly Cell[]) => {
    const [only] = cells
    if (cells.length === 1 && only) return paint(only, fit(only.text, halfWidth).padStart(halfWidth))
    return cells
      .slice(0, columns)
      .map((cell) => paint(cell, cell.text.padStart(cellWidth)))
      .join(' ')
  }
  const line = ({ label: [left, right], ...row }: Row) => {
    const rightText = right ? ` ${right.text}` : ''
    const leftText = fit(left.text, labelWidth - rightText.length).padEnd(labelWidth - rightText.length)
    const label = paint({ ...left, text: leftText }, leftText) + (right ? ` ${paint(right, right.text)}` : '')
    return ` ${label} ${bar} ${half(row.waybill)} ${bar} ${half(row.weightedAlias)}`
  }
  const rule = (stroke: string, crossing: string) => {
    const text = [labelWidth + 2, halfWidth + 2, halfWidth + 1].map((length) => stroke.repeat(length)).join(crossing)
    return paint({ text, style: 'dim' }, text)
  }
  const section = (rows: readonly Row[]) => (rows.length === 0 ? [] : [rule('─', '┼'), ...rows.map(line)])

  return [
    '',
    ` ${paint({ text: 'Food ordering', style: 'bold' }, 'Food ordering')}  ${fit(subtitle(result), width - 17)}`,
    '',
    line(titleRow),
    line(mottoRow),
    rule('━', '┿'),
    ...summaryRows(waybill, weightedAlias).map(line),
    ...section(hopRows(waybill, weightedAlias)),
    ...section(serviceRows(waybill, weightedAlias)),
    ...section(seedRows(seedCase)),
    rule('━', '┷'),
    ...[verdict(waybill), ...endless(waybill), ...endless(weightedAlias)].map((cell) => ` ${paint(cell, cell.text)}`),
    '',
  ]
    .map((text) => `${text.trimEnd()}\n`)
    .join('')
}

function fit(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, Math.max(width - 1, 0))}…` : text
}

function subtitle({ options, seed }: DemoResult): string {
  return `${formatCount(options.orders)} orders · ${formatCount(options.users)} users · ${options.percent} % canary · seed ${seed}`
}

const titleRow: Row = {
  label: [{ text: '' }],
  waybill: [{ text: 'Waybill', style: 'bold' }],
  weightedAlias: [{ text: 'Weighted alias', style: 'bold' }],
}

const mottoRow: Row = {
  label: [{ text: '' }],
  waybill: [{ text: 'one decision, every hop', style: 'dim' }],
  weightedAlias: [{ text: 'dice at every function', style: 'dim' }],
}

function summaryRows(waybill: RouteResult, weightedAlias: RouteResult): readonly Row[] {
  const row = (label: string, cell: (route: RouteResult) => Cell): Row => ({
    label: [{ text: label }],
    waybill: [cell(waybill)],
    weightedAlias: [cell(weightedAlias)],
  })
  return [
    row('Users', ({ users }) => ({ text: formatCount(users) })),
    row('Orders', ({ orders }) => ({ text: formatCount(orders) })),
    row('Users in canary', (route) => ({ text: formatUsersTouched(route), style: 'yellow' })),
    row('Mixed chains', ({ mixedChains }) => harm(mixedChains)),
    row('Lost decisions', ({ lostDecisions }) => harm(lostDecisions)),
    row('Failed orders', ({ failedOrders }) => harm(failedOrders)),
  ]
}

function harm(count: number): Cell {
  return count === 0 ? { text: '✓ 0', style: 'green' } : { text: `✗ ${formatCount(count)}`, style: ['red', 'bold'] }
}

function headings(label: string, texts: readonly string[]): Row {
  const cells = texts.map((text): Cell => ({ text, style: 'dim' }))
  return { label: [{ text: label, style: 'bold' }], waybill: cells, weightedAlias: cells }
}

function hopRows(waybill: RouteResult, weightedAlias: RouteResult): readonly Row[] {
  const hops = new Map([...waybill.hops, ...weightedAlias.hops].map((hop) => [hop.service, hop]))
  const rows = [...hops.values()].map(({ service, carrier }): Row => {
    const cells = (route: RouteResult) => hopCells(route.hops.find((hop) => hop.service === service))
    return {
      label: [{ text: service }, { text: carrier, style: 'dim' }],
      waybill: cells(waybill),
      weightedAlias: cells(weightedAlias),
    }
  })
  return rows.length === 0 ? [] : [headings('Deliveries', ['all', 'canary', 'control', 'strayed']), ...rows]
}

function hopCells(hop: HopResult | undefined): readonly Cell[] {
  if (!hop) return absent
  const strayed = (hop.strayCanary ?? 0) + (hop.strayControl ?? 0)
  return [
    { text: formatCount(hop.deliveries) },
    { text: formatCount(hop.canary), style: 'yellow' },
    { text: formatCount(hop.control) },
    hop.strayCanary === undefined ? nothing : { text: formatCount(strayed), style: strayed === 0 ? 'green' : 'red' },
  ]
}

function serviceRows(waybill: RouteResult, weightedAlias: RouteResult): readonly Row[] {
  const seriesName = ({ service, flag, variation }: ServiceResult) => JSON.stringify([service, flag, variation])
  const all = [...waybill.services, ...weightedAlias.services].sort(byChain(waybill))
  const series = [...new Map(all.map((one) => [seriesName(one), one])).values()]
  const rows = series.map((one, index): Row => {
    const cells = (route: RouteResult) =>
      serviceCells(route.services.find((other) => seriesName(other) === seriesName(one)))
    return {
      label: [
        { text: series[index - 1]?.service === one.service ? '' : one.service },
        { text: one.variation, ...(one.variation === 'canary' ? { style: 'yellow' as const } : {}) },
      ],
      waybill: cells(waybill),
      weightedAlias: cells(weightedAlias),
    }
  })
  return rows.length === 0 ? [] : [headings('Functions', ['runs', 'errors', 'p95', 'no end']), ...rows]
}

function serviceCells(service: ServiceResult | undefined): readonly Cell[] {
  if (!service) return absent
  const { started, finished, errors, p95Ms } = service
  const unfinished = Math.max(started - finished, 0)
  return [
    { text: formatCount(started) },
    { text: formatShare(errors, finished), ...(errors * 20 > finished ? { style: ['red', 'bold'] as const } : {}) },
    { text: finished === 0 ? '–' : formatMs(p95Ms) },
    unfinished === 0 ? { text: '0', style: 'dim' } : { text: formatCount(unfinished), style: 'red' },
  ]
}

const nothing: Cell = { text: '–', style: 'dim' }
const absent: readonly Cell[] = [nothing, nothing, nothing, nothing]

function seedRows(seedCase: SeedCase): readonly Row[] {
  const { requests, users } = seedCase
  return [
    headings(`${formatCount(requests)} requests, ${formatCount(users)} users`, ['']),
    {
      label: [{ text: 'Users who met the canary' }],
      waybill: [{ text: `${seedCase.waybillUsersTouched} of ${users}` }],
      weightedAlias: [{ text: `${seedCase.weightedAliasUsersTouched} of ${users}` }],
    },
    {
      label: [{ text: 'Requests on the canary' }],
      waybill: [{ text: `${seedCase.waybillRequestsOnCanary} of ${requests}` }],
      weightedAlias: [{ text: `${seedCase.weightedAliasRequestsOnCanary} of ${requests}` }],
    },
  ]
}

function verdict({ mixedChains, lostDecisions, failedOrders }: RouteResult): Cell {
  if (mixedChains + lostDecisions + failedOrders === 0) {
    return { text: '✓ Waybill: every chain ran one variation, and every order came out whole.', style: 'green' }
  }
  const [mixed, lost, failed] = [mixedChains, lostDecisions, failedOrders].map(formatCount)
  return {
    text: `✗ Waybill: ${mixed} mixed chains, ${lost} lost decisions, ${failed} failed orders.`,
    style: ['red', 'bold'],
  }
}

/** A canary that exits or runs out of memory reports neither error nor latency: it would look healthy above. */
function endless({ routing, services }: RouteResult): readonly Cell[] {
  return services
    .filter(({ started, finished }) => started > finished)
    .map(({ service, variation, started, finished }) => ({
      text: `! ${formatCount(started - finished)} runs of ${service} ${variation} never ended (${routing}).`,
      style: 'red',
    }))
}
