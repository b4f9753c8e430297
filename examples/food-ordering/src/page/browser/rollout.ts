import { byId, element, setText } from './element.ts'
import { evidenceChart } from './evidence-chart.ts'
import { formatCount } from './format.ts'
import { post } from './post.ts'
import type { RolloutEntry, RolloutSection, ShownRollout } from './rollout-state.ts'

const PHASES: Readonly<Record<ShownRollout['phase'], string>> = {
  ramping: 'is growing',
  'awaiting-approval': 'waits for your approval',
  paused: 'is paused: the judge goes on looking',
  frozen: 'is frozen: nobody judged it for too long',
  baking: 'has all users, and is looked at for a little longer',
  complete: 'is complete',
  'rolled-back': 'was rolled back: everybody has control again',
}

/** In which phase a button does something; `none`: before the first rollout. */
const BUTTONS: Readonly<Record<string, readonly (ShownRollout['phase'] | 'none')[]>> = {
  'start-healthy': ['none', 'complete', 'rolled-back'],
  'start-faulty': ['none', 'complete', 'rolled-back'],
  approve: ['awaiting-approval'],
  pause: ['ramping', 'awaiting-approval', 'baking', 'frozen'],
  resume: ['paused', 'frozen', 'rolled-back'],
  'roll-back': ['ramping', 'awaiting-approval', 'paused', 'frozen', 'baking', 'complete'],
}

/** The section about rollouts: what it shows comes from the flag store, and what its buttons do goes there. */
export function showRollout(): (section: RolloutSection) => void {
  const phase = byId('rollout-phase', HTMLParagraphElement)
  const status = byId('rollout-status', HTMLParagraphElement)
  const asks = byId('asks', HTMLInputElement)
  const buttons = Object.keys(BUTTONS).map((id) => byId(id, HTMLButtonElement))
  const chart = evidenceChart(byId('evidence', HTMLElement), byId('evidence-key', HTMLElement))
  let underWay = false

  const send = async (path: string, body: object): Promise<void> => {
    underWay = true
    for (const button of buttons) button.disabled = true
    try {
      const refusal = await post(path, { ...body, comment: byId('comment', HTMLInputElement).value })
      setText(status, refusal?.error ?? '')
    } finally {
      underWay = false
    }
  }
  for (const button of buttons) {
    button.addEventListener('click', () => {
      const faulty = button.id === 'start-faulty'
      if (button.id.startsWith('start')) void send('/rollouts/start', { faulty, asks: asks.checked })
      else void send(`/rollouts/${button.id}`, {})
    })
  }

  return ({ rollout, entries, evidence }) => {
    for (const button of buttons) {
      button.disabled = underWay || !BUTTONS[button.id]?.includes(rollout?.phase ?? 'none')
    }
    if (rollout === undefined) return
    const attempt = rollout.attempt > 1 ? `, attempt ${rollout.attempt}` : ''
    setText(
      phase,
      `${rollout.id}${attempt} ${PHASES[rollout.phase]}. The flag gives the canary to ${rollout.percent} %.`,
    )
    phase.classList.toggle('bad', rollout.phase === 'rolled-back' || rollout.phase === 'frozen')
    showSteps(rollout)
    showGuardrails(rollout)
    showUsers(rollout)
    showEntries(entries)
    chart(evidence)
  }
}

function showSteps({ steps, step, phase, percent }: ShownRollout): void {
  const items = steps.map((one, index) => {
    const done = percent >= one.percent
    const now = index === step && phase !== 'complete' && phase !== 'rolled-back'
    const names = [done ? 'done' : '', now ? 'now' : '', one.asks && index > step ? 'asks' : '']
    const item = element('li', { class: names.filter((name) => name !== '').join(' ') }, `${one.percent} %`)
    if (now) item.setAttribute('aria-current', 'step')
    return item
  })
  replaceWhenNew(byId('rollout-steps', HTMLOListElement), items)
}

function showGuardrails({ guardrails }: ShownRollout): void {
  if (guardrails.length === 0) return
  const items = guardrails.map(({ about, words, share }) => {
    return element('li', { 'data-guardrail': about, ...(share > 1 ? { class: 'bad' } : {}) }, words)
  })
  replaceWhenNew(byId('guardrails', HTMLUListElement), items)
}

function showUsers({ users }: ShownRollout): void {
  const table = byId('rollout-users', HTMLTableElement)
  const rows = users.map(({ variation, seen, errored, slow }) => {
    const cell = (column: string, value: number): HTMLElement =>
      element('td', { 'data-column': column }, formatCount(value))
    return element(
      'tr',
      { 'data-variation': variation },
      element('th', { scope: 'row' }, variation),
      cell('seen', seen),
      cell('errored', errored),
      cell('slow', slow),
    )
  })
  replaceWhenNew(table.tBodies[0] ?? table.createTBody(), rows)
}

function showEntries(entries: readonly RolloutEntry[]): void {
  const items = entries.map(({ minute, untilMinute, who, what, why }) => {
    const when = minute === untilMinute ? `min ${minute}` : `min ${minute}–${untilMinute}`
    const kind = what === 'roll-back' || what === 'roll back' ? 'bad' : what === 'hold' ? '' : 'good'
    const words = who === 'you' ? `you: ${why}` : why
    return element(
      'li',
      {},
      element('time', {}, when),
      element('strong', { class: kind }, what),
      element('span', {}, words),
    )
  })
  replaceWhenNew(byId('verdicts', HTMLOListElement), items)
}

/** What did not change is left alone, for those who select or read it. */
function replaceWhenNew(place: HTMLElement, items: readonly HTMLElement[]): void {
  const made = items.map((item) => item.outerHTML).join('')
  if (place.innerHTML !== made) place.replaceChildren(...items)
}
