/** Where functions stand in the picture, and how they are reached. Sizes are those of the SVG's own space. */
export interface Layout {
  readonly width: number
  readonly height: number
  readonly node: { readonly width: number; readonly height: number }
  readonly at: Readonly<Record<string, Point>>
  readonly entry: Point
}

export interface Point {
  readonly x: number
  readonly y: number
}

/** `from` is a function or `entry`; the carrier stands beside the line. */
export interface Hop {
  readonly from: string
  readonly to: string
  readonly carrier: string
}

export const ENTRY = 'entry'

export const HOPS: readonly Hop[] = [
  { from: ENTRY, to: 'place-order', carrier: 'POST /orders' },
  { from: 'place-order', to: 'price-quote', carrier: 'HTTP' },
  { from: 'place-order', to: 'fraud-check', carrier: 'Invoke' },
  { from: 'place-order', to: 'accept-order', carrier: 'Kinesis' },
  { from: 'place-order', to: 'notify-restaurant', carrier: 'Kinesis' },
  { from: 'accept-order', to: 'notify-user', carrier: 'SNS > SQS' },
  { from: 'accept-order', to: 'loyalty', carrier: 'EventBridge' },
]

export const WIDE: Layout = {
  width: 820,
  height: 420,
  node: { width: 156, height: 58 },
  entry: { x: 8, y: 210 },
  at: {
    'place-order': { x: 186, y: 210 },
    'price-quote': { x: 440, y: 48 },
    'fraud-check': { x: 440, y: 156 },
    'accept-order': { x: 440, y: 264 },
    'notify-restaurant': { x: 440, y: 372 },
    'notify-user': { x: 738, y: 204 },
    loyalty: { x: 738, y: 324 },
  },
}

export const NARROW: Layout = {
  width: 360,
  height: 500,
  node: { width: 148, height: 50 },
  entry: { x: 180, y: 6 },
  at: {
    'place-order': { x: 180, y: 76 },
    'price-quote': { x: 76, y: 186 },
    'fraud-check': { x: 284, y: 186 },
    'notify-restaurant': { x: 76, y: 318 },
    'accept-order': { x: 284, y: 318 },
    'notify-user': { x: 76, y: 440 },
    loyalty: { x: 284, y: 440 },
  },
}

/** A smooth line from one function's edge to the next one's. */
export function pathOf(layout: Layout, { from, to }: Hop): string {
  const { node, at, entry } = layout
  const start = at[from] ?? entry
  const end = at[to] ?? entry
  const wide = layout === WIDE
  const half = from === ENTRY ? 0 : 1
  const x1 = wide ? start.x + (half * node.width) / 2 : start.x
  const y1 = wide ? start.y : start.y + (half * node.height) / 2
  const x2 = wide ? end.x - node.width / 2 : end.x
  const y2 = wide ? end.y : end.y - node.height / 2
  if (wide) {
    const bend = (x1 + x2) / 2
    return `M${x1} ${y1}C${bend} ${y1} ${bend} ${y2} ${x2} ${y2}`
  }
  const bend = (y1 + y2) / 2
  // Past the functions of the row between.
  if (y2 - y1 > 150) return `M${x1} ${y1}V${y2 - 66}C${x1} ${y2 - 20} ${x2} ${y2 - 56} ${x2} ${y2}`
  return `M${x1} ${y1}C${x1} ${bend} ${x2} ${bend} ${x2} ${y2}`
}
