import { chainMatrix } from './charts/chain-matrix.ts'
import { functionScale, functionTable } from './charts/functions.ts'
import { hopTable } from './charts/hops.ts'
import { legend } from './charts/legend.ts'
import { maxOrdersPerSecond, timelineChart, timelineTable } from './charts/timeline.ts'
import { people, squares } from './charts/units.ts'
import { formatCount, formatSeconds, formatShare } from './format.ts'
import { type Markup, markup } from './markup.ts'
import { reportStyle } from './report-style.ts'
import type { DemoResult, RouteResult } from './results.ts'

const routings = {
  waybill: { name: 'Waybill', motto: 'One decision, every hop' },
  'weighted-alias': { name: 'Weighted aliases', motto: 'Dice at every function' },
} as const

/**
 * A run as one HTML page: charts drawn as SVG, a style sheet inside, no script and nothing fetched. All text is escaped.
 *
 * @example await writeFile('report/food-ordering.html', renderReport(result))
 */
export function renderReport(result: DemoResult): string {
  const { waybill, weightedAlias } = result
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>Waybill: food-ordering demo, ${formatCount(waybill.orders)} orders, seed ${result.seed}</title>
<style>${{ html: reportStyle }}</style>
</head>
<body>
${patterns}
<header>${masthead(result)}<h1>${headline(waybill)}</h1><p class="lede">${lede(waybill, weightedAlias)}</p></header>
<main>
<section class="hero" aria-label="Both routings at a glance">
  <div class="pair">${scorecard(waybill)}${scorecard(weightedAlias)}</div>
  ${chainNote(waybill)}
</section>
${timelineSection(waybill, weightedAlias)}
${hopSection(waybill, weightedAlias)}
${functionSection(waybill, weightedAlias)}
${seedSection(result)}
</main>
<footer><p>The same handlers on the same local engines, first routed by Waybill (${formatSeconds(waybill.durationMs)}), then as
weighted aliases route (${formatSeconds(weightedAlias.durationMs)}). Chains, deliveries and failures are counted from the orders,
notifications and points that came out; error rates and p95 from the embedded metrics that the functions wrote.</p></footer>
</body>
</html>
`
  return page.html
}

const patterns = markup`<svg class="defs" aria-hidden="true"><defs>${['canary', 'control'].map(
  (
    name,
  ) => markup`<pattern id="stray-${name}" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
    <rect class="${name}" width="8" height="8"/><line class="stripe" x1="2" x2="2" y1="0" y2="8"/></pattern>`,
)}</defs></svg>`

function masthead({ seed, options, waybill, startedAt }: DemoResult): Markup {
  const percents = waybill.timeline.map(({ percent }) => percent)
  const steps = percents.filter((percent, index) => percent !== percents[index - 1])
  const rollout = (steps.length === 0 ? [options.percent] : steps).map((percent) => `${percent} %`).join(' → ')
  const box = (name: string, value: string) => markup`<div><dl><dt>${name}</dt><dd>${value}</dd></dl></div>`
  return markup`<div class="masthead">
    <div class="brand">
      <svg viewBox="0 0 28 28" aria-hidden="true"><path d="M4 7h20M4 14h20M4 21h20" stroke="currentColor" stroke-width="2" opacity=".25"/><rect class="canary" x="3" y="3" width="8" height="8" rx="2"/><rect class="canary" x="10" y="10" width="8" height="8" rx="2"/><rect class="canary" x="17" y="17" width="8" height="8" rx="2"/></svg>
      <div>Waybill<small>food-ordering demo</small></div>
    </div>
    ${box('Orders', formatCount(waybill.orders))}${box('Users', formatCount(waybill.users))}
    ${box('Rollout', rollout)}${box('Seed', String(seed))}
    <div class="date"><dl><dt>Run</dt><dd><time datetime="${startedAt}">${formatDate(startedAt)}</time></dd></dl></div>
  </div>`
}

function formatDate(iso: string): string {
  const date = new Date(iso)
  if (Number.isNaN(date.valueOf())) return iso
  return `${new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' }).format(date)} UTC`
}

function held({ mixedChains, lostDecisions }: RouteResult): boolean {
  return mixedChains + lostDecisions === 0
}

function headline(waybill: RouteResult): string {
  return held(waybill) && waybill.failedOrders === 0
    ? 'One decision at the edge, kept at every hop.'
    : 'Waybill did not keep its word in this run.'
}

function lede(waybill: RouteResult, weightedAlias: RouteResult): Markup {
  return markup`The same handlers and orders, routed twice while the rollout was raised and then killed. Waybill ran
    ${formatCount(waybill.mixedChains)} of ${formatCount(waybill.orders)} call chains on mixed variations; weighted aliases
    ran <strong class="${weightedAlias.mixedChains > 0 ? 'bad' : ''}">${formatCount(weightedAlias.mixedChains)}</strong>,
    and ${formatCount(weightedAlias.failedOrders)} of their orders failed.`
}

function scorecard(route: RouteResult): Markup {
  const { routing, orders, users, canaryUsers, mixedChains, failedOrders, timeline } = route
  const stat = (value: number, name: string, detail: string, style: string) =>
    markup`<div><dt>${name}<small>${unbroken(detail)}</small></dt><dd class="${style}">${formatCount(value)}</dd></div>`
  const set = Math.max(0, ...timeline.map(({ percent }) => percent))
  const harm = (value: number) => (value === 0 ? 'good' : 'bad')
  return markup`<article class="card">
    <p class="stamp ${held(route) ? 'good' : 'bad'}">${held(route) ? 'Held' : 'Mixed'}</p>
    <h3>${routings[routing].name}</h3><p>${routings[routing].motto}</p>
    <dl class="stats">
      ${stat(mixedChains, 'mixed chains', `${formatShare(mixedChains, orders)} of orders`, harm(mixedChains))}
      ${stat(failedOrders, 'failed orders', `${formatShare(failedOrders, orders)} of orders`, harm(failedOrders))}
      ${stat(canaryUsers, 'users touched', `${formatShare(canaryUsers, users)} of users (set:\u00a0${set} %)`, '')}
    </dl>
    ${chainMatrix(route)}
  </article>`
}

/** Keeps a percent sign on the line of its number. */
function unbroken(text: string): string {
  return text.replaceAll(' %', '\u00a0%')
}

function chainNote({ chains = [], hops, orders }: RouteResult): Markup | undefined {
  if (chains.length === 0) return undefined
  return markup`${legend(['control', 'canary', 'never', 'mixed'])}
    <p class="note">${formatCount(chains.length)} of ${formatCount(orders)} orders, left to right as they came. Each column is one
    order on its way through ${hops.length + 1} functions: the edge on top${hops.map(({ service }) => markup`, <span class="name">${service}</span>`)}.</p>`
}

function timelineSection(waybill: RouteResult, weightedAlias: RouteResult): Markup {
  const max = maxOrdersPerSecond([waybill, weightedAlias])
  const figure = (route: RouteResult, text: string) => markup`<figure class="card">
    <figcaption><h3>${routings[route.routing].name}</h3><p>${text}</p></figcaption>
    ${timelineChart(route, max)}${timelineTable(route)}</figure>`
  return markup`<section aria-labelledby="timeline"><h2 id="timeline">Raised, then killed, with messages in flight</h2>
    <p>Orders per second, by the variation that the edge ran. The strip below is the percentage that the operator had set.</p>
    ${legend(['control', 'canary'])}
    <div class="pair stacks">${figure(waybill, 'Share of users')}${figure(weightedAlias, 'Share of requests')}</div></section>`
}

function hopSection(waybill: RouteResult, weightedAlias: RouteResult): Markup {
  const card = (route: RouteResult) =>
    markup`<div class="card">${hopTable(
      route,
      markup`<strong>${routings[route.routing].name}</strong><span>${formatCount(route.lostDecisions)} lost decisions</span>`,
    )}</div>`
  return markup`<section aria-labelledby="hops"><h2 id="hops">What each hop ran</h2>
    <p>Deliveries at every function after the edge. Where the stripes are, a function ran another variation than the edge
    had decided for that order.</p>
    ${legend(['canary', 'control', 'stray'])}
    <div class="pair stacks">${card(waybill)}${card(weightedAlias)}</div></section>`
}

function functionSection(waybill: RouteResult, weightedAlias: RouteResult): Markup {
  const scale = functionScale([waybill, weightedAlias])
  const card = (route: RouteResult) =>
    markup`<div class="card">${functionTable(route, scale, markup`<strong>${routings[route.routing].name}</strong>`)}</div>`
  return markup`<section aria-labelledby="functions"><h2 id="functions">Error rate and p95, by variation</h2>
    <p>A bad canary hides in a function's average. Split by variation, it cannot.</p>
    <div class="pair stacks">${card(waybill)}${card(weightedAlias)}</div></section>`
}

function seedSection({ seedCase }: DemoResult): Markup {
  const { requests, users } = seedCase
  const card = (routing: RouteResult['routing'], touched: number, onCanary: number) => markup`<figure class="card seed">
    <figcaption><h3>${routings[routing].name}</h3><strong>${formatCount(touched)} of ${formatCount(users)} users</strong>
    <p>met the canary, in ${formatCount(onCanary)} of ${formatCount(requests)} requests (${unbroken(formatShare(onCanary, requests))})</p></figcaption>
    ${people(users, touched, 10)}${squares(requests, onCanary, 21)}</figure>`
  return markup`<section aria-labelledby="seed"><h2 id="seed">The smallest case: ${formatCount(requests)} requests, ${formatCount(users)} users</h2>
    <p>A share of requests is not a share of users. Here weighted aliases put ${formatShare(seedCase.weightedAliasRequestsOnCanary, requests)}
    of the requests on the canary, and ${formatShare(seedCase.weightedAliasUsersTouched, users)} of the users met it.</p>
    <div class="pair">
    ${card('waybill', seedCase.waybillUsersTouched, seedCase.waybillRequestsOnCanary)}
    ${card('weighted-alias', seedCase.weightedAliasUsersTouched, seedCase.weightedAliasRequestsOnCanary)}</div></section>`
}
