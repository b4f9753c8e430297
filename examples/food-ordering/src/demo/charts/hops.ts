import { formatCount } from '../format.ts'
import { type Markup, markup, percentLength } from '../markup.ts'
import type { HopResult, RouteResult } from '../results.ts'

/** One bar for each hop, canary from the left, control to the right; what the edge had not decided meets in between. */
export function hopTable({ hops }: RouteResult, caption: Markup): Markup {
  const maxDeliveries = Math.max(1, ...hops.map(({ deliveries }) => deliveries))
  return markup`<table class="bars hops"><caption>${caption}</caption>
    <thead><tr><th scope="col">Hop</th><th scope="col">Canary</th><th scope="col">Control</th><th scope="col">Strayed</th></tr></thead>
    ${hops.map((hop) => hopRows(hop, maxDeliveries))}</table>`
}

function hopRows(hop: HopResult, maxDeliveries: number): Markup {
  const { service, carrier, canary, control, strayCanary = 0, strayControl = 0 } = hop
  const strayed = strayCanary + strayControl
  const segments = [
    { name: 'canary', count: canary - strayCanary },
    { name: 'stray stray-canary', count: strayCanary },
    { name: 'stray stray-control', count: strayControl },
    { name: 'control', count: control - strayControl },
  ]
  let from = 0
  const rects = segments.map(({ name, count }) => {
    const x = percentLength(from, maxDeliveries)
    from += count
    return markup`<rect class="${name}" x="${x}" width="${percentLength(count, maxDeliveries)}" height="14"/>`
  })
  const bracket = markup`<rect class="bracket" x="${percentLength(canary - strayCanary, maxDeliveries)}" width="${percentLength(strayed, maxDeliveries)}" y="16" height="3"/>`
  return markup`<tbody>
    <tr><th scope="row">${service} <span class="carrier">${carrier}</span></th>
      <td>${formatCount(canary)}</td><td>${formatCount(control)}</td><td class="${strayed > 0 ? 'bad' : 'good'}">${formatCount(strayed)}</td></tr>
    <tr aria-hidden="true"><td colspan="4" class="bar"><svg width="100%" height="19">${rects}${bracket}</svg></td></tr>
  </tbody>`
}
