import { byId, setText } from './element.ts'
import { post } from './post.ts'
import type { BugName, FlagState, PageState } from './state.ts'

/** Slider, button and switch: what they do goes to the flag store, and what they show comes from it. */
export function showControls(): (state: Pick<PageState, 'flag' | 'bug'>) => void {
  const percent = byId('percent', HTMLInputElement)
  const shown = byId('percent-shown', HTMLOutputElement)
  const comment = byId('comment', HTMLInputElement)
  const kill = byId('kill', HTMLButtonElement)
  const bugs = byId('bugs', HTMLFieldSetElement)
  const status = byId('status', HTMLParagraphElement)
  let flag: FlagState | undefined
  // While something is on its way, what the store said before must not move the slider back.
  let underWay = 0
  let wanted: number | undefined

  const send = async (path: string, body: object, done: string): Promise<void> => {
    underWay += 1
    try {
      const refusal = await post(path, { ...body, comment: comment.value })
      setText(status, refusal === undefined ? done : refusal.error)
    } finally {
      underWay -= 1
    }
  }
  const sendPercent = async (): Promise<void> => {
    // Only the last of many moves counts.
    while (wanted !== undefined) {
      const next = wanted
      wanted = undefined
      await send('/rollout', { percent: next }, `The canary gets ${next} % of the users.`)
    }
  }

  const fill = (): void => percent.style.setProperty('--share', `${percent.value}%`)

  percent.addEventListener('input', () => {
    setText(shown, `${percent.value} %`)
    fill()
  })
  percent.addEventListener('change', () => {
    wanted = Number(percent.value)
    if (underWay === 0) void sendPercent()
  })
  kill.addEventListener('click', () => {
    if (flag?.on) void send('/kill', {}, 'Killed: everybody gets control.')
    else void send('/revive', {}, 'The rollout goes on, with the same users as before.')
  })
  bugs.addEventListener('change', ({ target }) => {
    if (!(target instanceof HTMLInputElement)) return
    const name = target.value as BugName
    void send('/bug', { name }, name === 'none' ? 'The bug is out.' : 'The bug is in.')
  })

  return (state) => {
    flag = state.flag
    percent.disabled = kill.disabled = bugs.disabled = false
    setText(kill, flag.on ? 'Kill the canary' : 'Bring the canary back')
    kill.classList.toggle('killed', !flag.on)
    if (underWay > 0 || wanted !== undefined) return
    // Somebody may have their hand on it.
    if (!percent.matches(':active')) {
      percent.value = String(flag.percent)
      fill()
      setText(shown, flag.on ? `${flag.percent} %` : `${flag.percent} %, but killed`)
    }
    for (const choice of bugs.querySelectorAll('input')) choice.checked = choice.value === state.bug
  }
}
