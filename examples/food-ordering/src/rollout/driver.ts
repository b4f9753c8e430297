import {
  type RolloutAuthor,
  type RolloutOperator,
  type RolloutPlan,
  rolloutController,
  rolloutOperator,
  type StoredRollout,
  type TickReport,
} from '@waybill/rollout'
import { operatorOf } from '../page/operator.ts'
import { eachMinute, type RolloutClock } from './clock.ts'
import { FLAG } from './plan.ts'
import { SEEN_ONE_IN, type WatchedChain } from './watched-chain.ts'

export interface DriverOptions {
  readonly chain: Pick<WatchedChain, 'store' | 'affectedUsers' | 'minutes' | 'countUnder'>
  readonly clock: RolloutClock
  /** Told of each tick that judged, with what the store then has. */
  readonly onTick: (report: TickReport, rollout: StoredRollout) => void
  /** Told of a tick that failed; the next one goes on. */
  readonly onFailure?: (error: unknown) => void
}

/** A rollout controller on its schedule, and the operator beside it. */
export interface RolloutDriver {
  readonly operator: RolloutOperator
  /** Gives everybody control where a canary before has become the usual way, and the next one is another. */
  makeRoom(author: RolloutAuthor): Promise<void>
  /** Begins a rollout, with room made and with users of its own to count. */
  start(plan: RolloutPlan, author: RolloutAuthor): Promise<StoredRollout>
  /** Ends a pause; after a rollback begins another attempt, in which the same users count anew. */
  resume(flag: string, author: RolloutAuthor): Promise<StoredRollout>
  stop(): Promise<void>
}

export function driveRollouts({ chain, clock, onTick, onFailure }: DriverOptions): RolloutDriver {
  const { store, affectedUsers, minutes } = chain
  const { nowMs } = clock
  // Rollouts follow each other within a minute here, and users are remembered for a week.
  let name: string = FLAG
  const operator = rolloutOperator({ store, nowMs })
  const controller = rolloutController({
    store,
    affectedUsers,
    minutes,
    nowMs,
    seenOneIn: SEEN_ONE_IN,
    rolloutOf: () => name,
    log: () => undefined,
  })
  const schedule = eachMinute(clock, async () => {
    try {
      for (const report of await controller.tick()) {
        const rollout = report.outcome === 'judged' ? await operator.get(report.flag) : undefined
        if (rollout !== undefined) onTick(report, rollout)
      }
    } catch (error) {
      onFailure?.(error)
    }
  })

  const countUnder = async (next: string): Promise<void> => {
    await chain.countUnder(next)
    name = next
  }

  const makeRoom = async (author: RolloutAuthor): Promise<void> => {
    const { who } = author
    const flag = operatorOf({ store, flag: FLAG, canary: 1, control: 0, who, nowMs, unique: () => crypto.randomUUID() })
    const { percent } = await flag.state()
    if (percent > 0) await flag.setPercent(0, 'room for the next canary: the last one is the usual way now')
  }

  return {
    operator,
    makeRoom,
    start: async (plan, author) => {
      const running = await operator.get(plan.flag)
      if (running === undefined || running.state.phase === 'complete' || running.state.phase === 'rolled-back') {
        await makeRoom(author)
        await operator.start(plan, author, { dryRun: true })
        await countUnder(plan.id)
      }
      return operator.start(plan, author)
    },
    resume: async (flag, author) => {
      const running = await operator.get(flag)
      if (running?.state.phase === 'rolled-back') await countUnder(`${running.plan.id}-${running.state.attempt + 1}`)
      return operator.resume(flag, author)
    },
    stop: () => schedule.stop(),
  }
}
