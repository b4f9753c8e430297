import { type Chain, drawChain } from './chain.ts'
import { showControls } from './controls.ts'
import { type Dashboard, showDashboard } from './dashboard.ts'
import { byId, element, setText } from './element.ts'
import { formatCount } from './format.ts'
import { showFunctions } from './function-table.ts'
import { showRollout } from './rollout.ts'
import type { Change, PageState, Welcome } from './state.ts'

const text = (id: string, value: string): void => setText(byId(id, HTMLElement), value)

/** What is shown of a welcome: made anew when the demo was started anew. */
interface View {
  readonly chain: Chain
  readonly dashboard: Dashboard
  readonly functions: ReturnType<typeof showFunctions>
}

const controls = showControls()
const rollout = showRollout()
let view: View | undefined
let ending = new AbortController()

const events = new EventSource('/events')
events.addEventListener('welcome', ({ data }) => {
  const welcome = JSON.parse(data) as Welcome
  const body = byId('functions', HTMLTableElement).tBodies[0] ?? byId('functions', HTMLTableElement).createTBody()
  body.replaceChildren()
  ending.abort()
  ending = new AbortController()
  const { signal } = ending
  view = {
    chain: drawChain(byId('chain', HTMLElement), welcome, signal),
    dashboard: showDashboard(byId('overview', HTMLElement), byId('services', HTMLElement), welcome, signal),
    functions: showFunctions(body, welcome.canary),
  }
  text('flag-name', welcome.flag)
  text('functions-caption', `The last ${welcome.windowSeconds} seconds.`)
  text('window', `Each point sums up ${welcome.windowSeconds} seconds, where CloudWatch has 60.`)
  document.body.classList.remove('lost')
})
events.addEventListener('state', ({ data }) => show(JSON.parse(data) as PageState))
events.addEventListener('error', () => {
  document.body.classList.add('lost')
  verdict('No connection to the demo. It comes back by itself when the demo runs again.', false)
})

function show(state: PageState): void {
  if (view === undefined) return
  const { flag, verdicts, functions, load } = state
  controls(state)
  rollout(state.rollout)
  view.chain.show(functions, verdicts)
  view.chain.move(state.traffic)
  view.functions(functions, verdicts)
  view.dashboard.add(state.frame)
  text('flag-version', String(flag.version))
  text('flag-share', flag.on ? `${flag.percent} % of users` : 'killed')
  text(
    'orders',
    `${formatCount(load.placed)} at ${load.ratePerSecond} a second${load.refused > 0 ? `, ${formatCount(load.refused)} refused` : ''}`,
  )
  text('malformed', formatCount(state.malformedLines))
  showChanges(state.changes)
  if (verdicts.length > 0) verdict(`${verdicts.map(({ words }) => words).join('. ')}.`, true)
  else
    verdict(
      flag.on ? 'The canary behaves like control in every function.' : 'The canary is killed: everybody gets control.',
      false,
    )
}

/** In a live region: said aloud when it changes, so no numbers that change each second. */
function verdict(words: string, bad: boolean): void {
  const region = byId('verdict', HTMLElement)
  region.classList.toggle('bad', bad)
  const line = region.querySelector('p')
  if (line !== null) setText(line, words)
}

let shownChange = ''

function showChanges(changes: readonly Change[]): void {
  const newest = JSON.stringify(changes[0] ?? '')
  if (newest === shownChange) return
  shownChange = newest
  const items = changes.map(({ atMs, who, action, comment, version }) =>
    element(
      'li',
      {},
      element('time', { datetime: new Date(atMs).toISOString() }, new Date(atMs).toLocaleTimeString('en-GB')),
      element('strong', {}, action),
      element('span', {}, `version ${version}, by ${who}: ${comment}`),
    ),
  )
  byId('changes', HTMLOListElement).replaceChildren(...(items.length > 0 ? items : [element('li', {}, 'None yet.')]))
}
