import type { FlagData } from '@waybill/flags'
import { checkedPlan, type RolloutPlan, type StoredRollout, sidesOf } from '@waybill/rollout'
import type { Command } from 'commander'
import { checkKey } from '../edits/create.ts'
import { Failure, messageOf } from '../failure.ts'
import { planLines } from '../render/rollout-plan.ts'
import { printable } from '../render/text.ts'
import { type RolloutContext, showFromRollouts } from '../rollouts/open-rollouts.ts'
import { overviewOf } from '../rollouts/overview.ts'
import { onPlan, type PlanOptions, readPlan } from '../rollouts/plan-options.ts'
import { timetableOf } from '../rollouts/timetable.ts'
import { authorOf, type ChangeOptions, changing, flagIn } from './edit-flag.ts'
import type { Report, Session } from './run-command.ts'

type StartOptions = ChangeOptions & PlanOptions

/** `waybill rollout start`: the first step is in the flag when it returns. */
export function startCommand(session: Session): Command {
  return onPlan(changing('start', 'begin a rollout: its first step at once, the others as it is judged'))
    .argument('[flag]', 'its key (or the one in --plan)')
    .action((flag: string | undefined, options: StartOptions) =>
      showFromRollouts(session, options, (context) => started(flag, options, context)),
    )
}

async function started(flag: string | undefined, options: StartOptions, context: RolloutContext): Promise<Report> {
  const { rollouts, store, terminal } = context
  const { who, comment } = authorOf(options, terminal)
  const plan = await readPlan(flag, options, terminal)
  await checkFlag(plan, context)
  const { dryRun = false } = options
  const rollout = await rollouts.start(plan, { who, comment }, { dryRun })
  return dryRun ? planned(rollout, context) : begun(rollout, await store.get('features', plan.flag), context)
}

/** A flag or a variation that is not there can never succeed as typed. */
async function checkFlag(input: RolloutPlan, { store, storeName }: RolloutContext): Promise<void> {
  const plan = checkedPlan(input)
  checkKey(plan.flag)
  const flag = await flagIn(store, plan.flag, storeName)
  try {
    sidesOf(flag, plan)
  } catch (cause) {
    throw new Failure('bad_input', messageOf(cause).replace(' [bad_flag]', ''), { cause })
  }
}

function planned(rollout: StoredRollout, { storeName }: RolloutContext): Report {
  const { plan, state, flagPercent, pending } = rollout
  const checked = checkedPlan(plan)
  const timetable = timetableOf(checked)
  const percent = pending?.percent ?? flagPercent
  const json = {
    flag: rollout.key,
    status: 'planned',
    rollout: plan.id,
    phase: state.phase,
    percent,
    plan: checked,
    timetable,
  }
  const flagSays =
    percent === flagPercent
      ? `The flag keeps its ${percent} % for ${checked.canary}.`
      : `The flag would go from ${flagPercent} % to ${percent} % for ${checked.canary}.`
  return {
    json,
    text: (style) =>
      [
        `${style.strong(printable(rollout.key))}: rollout ${printable(plan.id)} would begin in ${printable(storeName)}. Nothing was written.`,
        ...planLines(checked, timetable, style),
        `It would write the rollout and its audit entry. ${printable(flagSays)}`,
      ].join('\n'),
  }
}

function begun(rollout: StoredRollout, flag: FlagData | undefined, { storeName, terminal }: RolloutContext): Report {
  const overview = overviewOf(rollout, flag, terminal.nowMs())
  const { plan, percent, flagNow, waitsForApprovalOf } = overview
  const timetable = timetableOf(plan)
  const name = printable(overview.flag)
  const state =
    waitsForApprovalOf === undefined
      ? `${percent} % have ${printable(plan.canary)}${flagNow === undefined ? '' : `, at version ${flagNow.version} of the flag`}.`
      : `nobody has ${printable(plan.canary)} before step 1 is approved: waybill rollout approve ${name} --comment "…"`
  return {
    json: { ...overview, status: 'started', timetable },
    text: (style) =>
      [
        `${style.strong(name)}: rollout ${printable(overview.rollout)} has begun in ${printable(storeName)}: ${state}`,
        ...planLines(plan, timetable, style),
        `Look on with: waybill rollout watch ${name}`,
      ].join('\n'),
  }
}
