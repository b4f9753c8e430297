import { setText, svg } from './element.ts'
import { formatShare } from './format.ts'
import { ENTRY, HOPS, type Layout, NARROW, pathOf, WIDE } from './layout.ts'
import type { FunctionNumbers, Traffic, Verdict, Welcome } from './state.ts'
import { type Track, trafficOn } from './traffic.ts'

/** The picture of the chain, with its traffic. */
export interface Chain {
  show(functions: readonly FunctionNumbers[], verdicts: readonly Verdict[]): void
  move(traffic: readonly Traffic[]): void
}

interface Drawn extends Chain {
  readonly picture: SVGSVGElement
}

/** Drawn anew when the window becomes narrow or wide, until the signal. */
export function drawChain(place: HTMLElement, welcome: Welcome, signal: AbortSignal): Chain {
  const narrow = matchMedia('(max-width: 640px)')
  let shown: Parameters<Chain['show']> = [[], []]
  const drawNew = (): Drawn => {
    const made = draw(narrow.matches ? NARROW : WIDE, welcome)
    made.show(...shown)
    place.replaceChildren(made.picture)
    return made
  }
  let drawn = drawNew()
  narrow.addEventListener(
    'change',
    () => {
      drawn = drawNew()
    },
    { signal },
  )
  return {
    show: (...what) => {
      shown = what
      drawn.show(...what)
    },
    move: (traffic) => drawn.move(traffic),
  }
}

function draw(layout: Layout, { services, canary }: Welcome): Drawn {
  const title = svg('title', {}, 'The order chain: place-order calls price-quote and fraud-check, and by Kinesis ')
  title.append('accept-order and notify-restaurant; accept-order reaches notify-user and loyalty.')
  const picture = svg('svg', { viewBox: `0 0 ${layout.width} ${layout.height}`, role: 'img' }, title)
  const tracks = new Map<string, Track>()
  const labels: SVGElement[] = []
  for (const hop of HOPS) {
    const path = svg('path', { d: pathOf(layout, hop), class: 'hop' })
    picture.append(path)
    tracks.set(hop.to, { path, from: hop.from })
    labels.push(carrierLabel(layout, hop.from === ENTRY, path, hop.carrier))
  }
  const dots = svg('g', { class: 'dots' })
  picture.append(dots, ...labels)
  const nodes = new Map(services.map((service) => [service, node(layout, service)]))
  for (const { group } of nodes.values()) picture.append(group)

  return {
    picture,
    show: (functions, verdicts) => {
      for (const one of functions) {
        if (one.variation !== canary) continue
        const { group, share, bar } = nodes.get(one.service) ?? {}
        const bad = verdicts.some(({ service }) => service === one.service)
        group?.classList.toggle('bad', bad)
        if (share) setText(share, bad ? 'canary stands out' : `canary ${formatShare(one.share)}`)
        bar?.setAttribute('width', String(layout.node.width * (one.share ?? 0)))
      }
    },
    move: trafficOn(dots, tracks, canary),
  }
}

function node({ at, node: { width, height } }: Layout, service: string) {
  const { x, y } = at[service] ?? { x: 0, y: 0 }
  const share = svg('text', { class: 'share', y: 14 })
  const bar = svg('rect', { class: 'bar', x: -width / 2, y: height / 2 - 4, width: 0, height: 4 })
  const frame = { x: -width / 2, y: -height / 2, width, height }
  const group = svg(
    'g',
    { class: 'node', transform: `translate(${x} ${y})` },
    svg('rect', { ...frame, class: 'ground' }),
    bar,
    svg('rect', { ...frame, class: 'frame' }),
    svg('text', { class: 'name', y: -5 }, service),
    share,
  )
  return { group, share, bar }
}

/** Nearer to where a line goes than to where all of them come from. */
const LABEL_AT = 0.66

function carrierLabel(layout: Layout, first: boolean, path: SVGPathElement, carrier: string): SVGElement {
  // A path that is not in the document has a length all the same.
  const { x, y } = path.getPointAtLength(path.getTotalLength() * (first ? 0.5 : LABEL_AT))
  const wide = layout === WIDE
  return svg(
    'text',
    { class: 'carrier', x: wide ? x : x + (first ? 8 : 0), y: wide ? y - 7 : y + 4, 'data-first': String(first) },
    carrier,
  )
}
