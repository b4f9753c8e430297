import type { Stack } from '../local/stack.ts'
import type { PlacedOrder } from './load.ts'
import type { Rollout } from './rollout.ts'

/** Something an operator did, and when. */
export interface Intervention {
  readonly atMs: number
  readonly percent: number
  readonly what: string
}

export interface Script {
  readonly beforeOrder: (number: number) => Promise<void> | undefined
  readonly afterOrder: (order: PlacedOrder) => void
  /** To be called when all orders are placed: nothing stays held. */
  readonly end: () => void
  readonly interventions: readonly Intervention[]
}

export const RAISED_PERCENT = 50

/**
 * What happens during a run: at two fifths of the orders the rollout is raised; at three fifths the stream's consumers
 * fall behind; then, with orders of the canary waiting in the stream, it is killed. The consumers go on when the edge
 * serves what was killed no longer, so that they get decisions which nobody would make any more.
 */
export function operatorScript(orders: number, stack: Pick<Stack, 'hold' | 'release'>, rollout: Rollout): Script {
  const raiseAt = Math.floor(orders * 0.4)
  const holdAt = Math.floor(orders * 0.6)
  const killFrom = Math.floor(orders * 0.7)
  const killAtTheLatest = Math.floor(orders * 0.95)
  const interventions: Intervention[] = []
  let held = false
  let canaryWaiting = 0
  let killing = false
  let killedVersion: number | undefined

  const set = async (percent: number, what: string): Promise<number> => {
    const version = await rollout.setPercent(percent)
    interventions.push({ atMs: Date.now(), percent, what })
    return version
  }

  return {
    interventions,
    beforeOrder: (number) => {
      if (number === raiseAt) {
        const percent = Math.max(RAISED_PERCENT, rollout.percent())
        return set(percent, `raised to ${percent} %`).then(() => undefined)
      }
      if (number === holdAt) {
        held = true
        stack.hold()
      }
      if (number < killFrom || killing || (canaryWaiting === 0 && number < killAtTheLatest)) return undefined
      killing = true
      return set(0, 'killed').then((version) => {
        killedVersion = version
      })
    },
    afterOrder: ({ variation, flagVersion }) => {
      if (held && !killing && variation === 'canary') canaryWaiting += 1
      if (held && killedVersion !== undefined && flagVersion >= killedVersion) {
        held = false
        stack.release()
      }
    },
    end: () => {
      held = false
      stack.release()
    },
  }
}
