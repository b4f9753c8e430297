import { RolloutError, type StoredRollout } from '@waybill/rollout'
import type { RolloutDriver } from '../rollout/driver.ts'
import { FLAG, planOf } from '../rollout/plan.ts'
import { type Fields, withComment } from './actions.ts'
import type { BugName } from './browser/state.ts'
import type { RolloutPanel } from './rollout-panel.ts'
import type { Action } from './server.ts'

export interface RolloutActionsOptions {
  readonly driver: Pick<RolloutDriver, 'operator' | 'start' | 'resume'>
  readonly panel: Pick<RolloutPanel, 'done'>
  readonly who: string
  readonly bug: () => BugName
  readonly plantBug: (name: BugName) => Promise<void>
}

/** Where the ramp asks, if it is to ask: before half of the users. */
const ASKS_BEFORE = 3

/** What people do to rollouts on the page, by path. */
export function rolloutActions({ driver, panel, who, bug, plantBug }: RolloutActionsOptions): Record<string, Action> {
  let started = 0
  const stepIn = (
    what: string,
    act: (fields: Fields, author: { readonly who: string; readonly comment: string }) => Promise<StoredRollout>,
  ): Action =>
    withComment(async (fields, comment) => {
      try {
        panel.done(await act(fields, { who, comment }), what, comment)
        return undefined
      } catch (error) {
        if (error instanceof RolloutError) return { error: error.message }
        throw error
      }
    })
  const { operator } = driver

  return {
    '/rollouts/start': stepIn('start', async ({ faulty, asks }, author) => {
      started += 1
      const id = `${faulty === true ? 'faulty' : 'healthy'}-${started}`
      const begun = await driver.start(planOf(id, asks === true ? { approvals: [ASKS_BEFORE] } : {}), author)
      // Once nothing speaks against the start any more: another rollout's canary is not to be spoilt.
      if (faulty !== true) await plantBug('none')
      else if (bug() === 'none') await plantBug('error')
      return begun
    }),
    '/rollouts/approve': stepIn('approve', (_fields, author) => operator.approve(FLAG, author)),
    '/rollouts/pause': stepIn('pause', (_fields, author) => operator.pause(FLAG, author)),
    '/rollouts/resume': stepIn('resume', (_fields, author) => driver.resume(FLAG, author)),
    '/rollouts/roll-back': stepIn('roll back', (_fields, author) => operator.rollBack(FLAG, author)),
  }
}
