import type { StoredRollout } from '@waybill/rollout'
import type { RolloutClock } from '../rollout/clock.ts'
import { GUARDRAILS, type WatchedTick } from '../rollout/timeline.ts'
import { SEEN_ONE_IN } from '../rollout/watched-chain.ts'
import type { RolloutEntry, RolloutEvidence, RolloutSection } from './browser/rollout-state.ts'

/** What the page shows of rollouts: the latest one, as far as the judge and people have brought it. */
export interface RolloutPanel {
  section(): RolloutSection
  ticked(rollout: StoredRollout, tick: WatchedTick): void
  /** Something that a person did. */
  done(rollout: StoredRollout, action: string, comment: string): void
}

const SHOWN_ENTRIES = 12
const SHOWN_MINUTES = 120

export function rolloutPanel(clock: RolloutClock): RolloutPanel {
  let shown: StoredRollout | undefined
  let entries: RolloutEntry[] = []
  let evidence: RolloutEvidence[] = []

  const show = (rollout: StoredRollout): void => {
    if (rollout.startedAtMs !== shown?.startedAtMs) {
      entries = []
      evidence = []
    }
    // A tick may have been faster than the answer to a person.
    if (shown === undefined || rollout.startedAtMs !== shown.startedAtMs || rollout.version >= shown.version) {
      shown = rollout
    }
  }
  const add = (entry: RolloutEntry): void => {
    const before = entries[0]
    // A judge who holds for ten minutes says it once.
    if (before !== undefined && before.who === entry.who && before.what === entry.what && before.why === entry.why) {
      entries[0] = { ...before, untilMinute: entry.untilMinute }
    } else entries = [entry, ...entries].slice(0, SHOWN_ENTRIES)
  }

  return {
    section: () => ({ ...(shown === undefined ? {} : { rollout: shownOf(shown) }), entries, evidence }),
    ticked: (rollout, { minute, verdict, findings, why }) => {
      show(rollout)
      add({ minute, untilMinute: minute, who: 'judge', what: verdict, why })
      const held = findings.filter(({ about }) => GUARDRAILS.has(about))
      const shares = Object.fromEntries(held.map(({ about, value = 0, limit = 1 }) => [about, value / limit]))
      evidence = [...evidence, { minute, shares }].slice(-SHOWN_MINUTES)
    },
    done: (rollout, action, comment) => {
      show(rollout)
      const minute = clock.minuteOf(clock.nowMs()) - clock.minuteOf(rollout.startedAtMs)
      add({ minute, untilMinute: minute, who: 'you', what: action, why: comment })
    },
  }
}

function shownOf({ plan, state, flagPercent, last }: StoredRollout): NonNullable<RolloutSection['rollout']> {
  const { phase, attempt, step } = state
  const steps = (plan.steps ?? []).map(({ percent }, index) => ({
    percent,
    asks: (plan.approvals ?? []).includes(index) && !state.approved.includes(index),
  }))
  const usersOf = (kind: string, variation: string): number =>
    state.counted.reduce((sum, one) => (one.kind === kind && one.variation === variation ? sum + one.users : sum), 0)
  return {
    id: plan.id,
    phase,
    attempt,
    step,
    steps,
    percent: flagPercent,
    guardrails: (last?.findings ?? [])
      .filter(({ about }) => GUARDRAILS.has(about))
      .map(({ about, value = 0, limit = 1, words }) => ({ about, words, share: value / limit })),
    users: [plan.control, plan.canary].map((variation) => ({
      variation,
      seen: usersOf('seen', variation) * SEEN_ONE_IN,
      errored: usersOf('error', variation),
      slow: usersOf('slow', variation),
    })),
  }
}
