import type { NamedFlag } from '@waybill/flags'
import { readRollout } from '@waybill/rollout'
import { messageOf } from '../failure.ts'
import type { Store } from '../store/store.ts'
import { canaryPercent } from './canary-percent.ts'

/**
 * What an edit of a flag means for its rollout, if one is under way: nothing for targets and rules, a pause for what is the
 * rollout's to set. An edit must work, above all one that turns a flag off: what cannot be read is said, and stops nothing.
 */
export async function rolloutNotes(store: Pick<Store, 'get'>, flag: NamedFlag): Promise<readonly string[]> {
  try {
    const rollout = await readRollout(store, flag.key)
    if (rollout === undefined) return []
    const { plan, state, flagPercent } = rollout
    if (state.phase === 'complete' || state.phase === 'rolled-back') return []
    const about = `Rollout ${plan.id} of ${flag.key} is under way (${state.phase.replaceAll('-', ' ')}, ${flagPercent} %)`
    const stands = state.phase === 'paused' || state.phase === 'frozen'
    if (flag.on === true && canaryPercent(flag, plan) === flagPercent) {
      const comes = stands ? `it goes on with "waybill rollout resume ${flag.key}"` : 'it goes on as before'
      return [`${about}: ${comes}.`]
    }
    return [
      `${about}, and this is not what it has set: it ${stands ? '' : 'pauses at its next tick, and '}goes on only when that is put back. "waybill rollout rollback ${flag.key}" ends it, and recalls what is in flight as its plan says.`,
    ]
  } catch (error) {
    return [`Whether a rollout of ${flag.key} is under way could not be read: ${messageOf(error)}`]
  }
}
