import { byChain, formatCount, formatMs, formatShare } from '../format.ts'
import { type Markup, markup, percentLength } from '../markup.ts'
import type { RouteResult, ServiceResult } from '../results.ts'
import { variationClass } from './legend.ts'

/** The ends of the bars' scales, shared by both routings. */
export interface FunctionScale {
  readonly errorRate: number
  readonly p95Ms: number
}

/** No bar of a run without trouble should look like trouble: the scale of error rates ends at 5 % or later. */
const minErrorRateScale = 0.05

export function functionScale(routes: readonly RouteResult[]): FunctionScale {
  const services = routes.flatMap((route) => route.services)
  return {
    errorRate: Math.max(minErrorRateScale, ...services.map(errorRate)),
    p95Ms: Math.max(1, ...services.map(({ p95Ms }) => p95Ms)),
  }
}

/** Error rate and p95 of each function and variation, as bars and as numbers. */
export function functionTable(route: RouteResult, scale: FunctionScale, caption: Markup): Markup {
  const services = [...route.services].sort(byChain(route))
  const names = [...new Set(services.map(({ service }) => service))]
  return markup`<table class="bars functions"><caption>${caption}</caption>
    <thead><tr><th scope="col">Function</th><th scope="col" colspan="2">Error rate</th><th scope="col" colspan="2">p95</th></tr></thead>
    ${names.map(
      (name) => markup`<tbody><tr><th scope="rowgroup" colspan="5">${name}</th></tr>
        ${services.filter(({ service }) => service === name).map((series) => variationRow(series, scale))}</tbody>`,
    )}</table>`
}

function variationRow(series: ServiceResult, scale: FunctionScale): Markup {
  const { variation, started, finished, errors, p95Ms } = series
  const name = variationClass(variation)
  const unfinished = started - finished
  const isBad = errorRate(series) >= minErrorRateScale
  const bar = (part: number, whole: number, style: string) =>
    markup`<td class="bar" aria-hidden="true"><svg width="100%" height="10"><rect class="track" width="100%" height="100%" rx="2"/><rect class="${style}" width="${percentLength(part, whole)}" height="100%" rx="2"/></svg></td>`
  return markup`<tr><th scope="row"><i class="key ${name}"></i>${variation}${
    unfinished > 0 ? markup` <span class="bad">${formatCount(unfinished)} never ended</span>` : undefined
  }</th>
    ${bar(errorRate(series), scale.errorRate, isBad ? 'harm' : name)}
    <td class="${isBad ? 'bad' : ''}">${formatShare(errors, finished)}</td>
    ${bar(p95Ms, scale.p95Ms, name)}<td>${finished === 0 ? '–' : formatMs(p95Ms)}</td></tr>`
}

function errorRate({ errors, finished }: ServiceResult): number {
  return finished === 0 ? 0 : errors / finished
}
