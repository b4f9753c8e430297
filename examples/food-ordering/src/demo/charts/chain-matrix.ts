import { formatCount } from '../format.ts'
import { type Markup, markup } from '../markup.ts'
import type { OrderChain, RouteResult } from '../results.ts'
import { variationClass } from './legend.ts'

const cell = 20
const bead = 16
/** Between the edge's beads and the rest: what stands above it decided, what stands below followed or did not. */
const edgeGap = 8
const markHeight = 14

/**
 * Real orders from left to right as they came; each column is one chain, the edge on top. Nothing when the run kept none.
 * Shapes only, so it may shrink to a phone's width.
 */
export function chainMatrix({ chains = [], hops, routing }: RouteResult): Markup | undefined {
  const rows = Math.max(...chains.map(({ variations }) => variations.length), 0)
  if (rows === 0) return undefined
  const width = chains.length * cell
  const height = rows * cell + edgeGap + markHeight
  const mixed = chains.filter(isMixed).length
  const functions = ['edge', ...hops.map(({ service }) => service)]
  return markup`
    <svg class="matrix" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="matrix-${routing}">
      <title id="matrix-${routing}">${formatCount(chains.length)} orders, ${mixed} of them on mixed variations</title>
      ${chains.map((chain, index) => column(chain, index * cell, functions))}
    </svg>`
}

function column(chain: OrderChain, x: number, functions: readonly string[]): Markup {
  const last = (chain.variations.length - 1) * cell + edgeGap
  const centre = x + cell / 2
  return markup`<g>
    <title>${chain.orderId}: ${chain.variations.map((variation, row) => `${functions[row] ?? row + 1} ${variation || 'never arrived'}`).join(', ')}</title>
    <line class="thread" x1="${centre}" x2="${centre}" y1="${cell / 2}" y2="${last + cell / 2}"/>
    ${chain.variations.map(
      (variation, row) =>
        markup`<rect class="${variationClass(variation)}" x="${x + 2}" y="${row * cell + (row === 0 ? 2 : 2 + edgeGap)}" width="${bead}" height="${bead}" rx="4"/>`,
    )}
    ${isMixed(chain) ? markup`<circle class="harm" cx="${centre}" cy="${last + cell + markHeight / 2 + 1}" r="4"/>` : undefined}
  </g>`
}

function isMixed({ variations }: OrderChain): boolean {
  return new Set(variations.filter((variation) => variation !== '')).size > 1
}
