import type { RolloutAuthor, RolloutOperator, StoredRollout } from '@waybill/rollout'
import type { Command } from 'commander'
import { checkKey } from '../edits/create.ts'
import { nextCommands, phaseWords } from '../render/rollout.ts'
import { printable } from '../render/text.ts'
import { type RolloutContext, showFromRollouts } from '../rollouts/open-rollouts.ts'
import { type Overview, overviewOf } from '../rollouts/overview.ts'
import { stepNumber } from '../rollouts/plan-options.ts'
import { authorOf } from './edit-flag.ts'
import { onStore, type Report, type Session, type SharedOptions } from './run-command.ts'

interface InterventionOptions extends SharedOptions {
  readonly comment: string
  readonly who?: string
  readonly step?: number
}

type Intervene = (
  rollouts: RolloutOperator,
  flag: string,
  author: RolloutAuthor,
  options: InterventionOptions,
) => Promise<StoredRollout>

/** What people do to a rollout: each says why. */
export function interventionCommands(session: Session): readonly Command[] {
  const intervening = (
    name: string,
    description: string,
    intervene: Intervene,
    notesOn: (
      overview: Overview,
      context: RolloutContext,
      options: InterventionOptions,
    ) => Promise<readonly string[]> | readonly string[],
  ): Command =>
    onStore(name, description)
      .argument('<flag>', 'its key')
      .requiredOption('--comment <text>', 'why: kept with the change')
      .option('--who <name>', 'who does it (or WAYBILL_WHO; default: user and host)')
      .action((flag: string, options: InterventionOptions) =>
        showFromRollouts(session, options, async (context) => {
          checkKey(flag)
          const { who, comment } = authorOf(options, context.terminal)
          const rollout = await intervene(context.rollouts, flag, { who, comment }, options)
          const data = await context.store.get('features', flag)
          const overview = overviewOf(rollout, data, context.terminal.nowMs())
          return report(overview, context, [...(await notesOn(overview, context, options)), ...nextCommands(overview)])
        }),
      )
  return [
    intervening(
      'approve',
      'approve the step that waits, or one ahead',
      (rollouts, flag, author, { step }) => rollouts.approve(flag, author, step === undefined ? undefined : step - 1),
      approvedNotes,
    ).option('--step <number>', 'which, counted from 1 (default: the one that waits)', stepNumber),
    intervening(
      'pause',
      'let it stand still, judged on: it may still be rolled back',
      (rollouts, flag, author) => rollouts.pause(flag, author),
      () => ['The judge goes on, and rolls back what is bad.'],
    ),
    intervening(
      'resume',
      'end a pause or a freeze; after a rollback, begin a new attempt with the same users',
      (rollouts, flag, author) => rollouts.resume(flag, author),
      resumedNotes,
    ),
    intervening(
      'rollback',
      'give everybody control at once, and recall what is in flight as the plan says',
      (rollouts, flag, author) => rollouts.rollBack(flag, author),
      rollbackNotes,
    ),
  ]
}

/** The first begins at once; the others when the judge has nothing against it. */
function approvedNotes(overview: Overview, _: RolloutContext, { step: named }: InterventionOptions): readonly string[] {
  const { step, percent, plan, phase, approvals } = overview
  const approved = named ?? approvals.at(-1) ?? step
  const to = plan.steps[approved - 1]?.percent
  const said = `Step ${approved} (${to} %) is approved.`
  if (approved <= step) return [said]
  const waits = phase === 'awaiting-approval' ? [] : [`It is at step ${step}, ${percent} %, until the judge says so.`]
  return [said, ...waits]
}

function resumedNotes({ step, steps, attempt, attemptSinceMs, stepSinceMs, phase }: Overview): readonly string[] {
  if (phase === 'awaiting-approval') return []
  if (attempt > 1 && step === 1 && attemptSinceMs === stepSinceMs) {
    return [`Attempt ${attempt} begins with step 1 of ${steps}: the same users have it again, and are judged afresh.`]
  }
  return [`Step ${step} of ${steps} begins again, with its whole time.`]
}

async function rollbackNotes(overview: Overview, { store }: RolloutContext): Promise<readonly string[]> {
  const { flag, flagNow, plan, pending } = overview
  const { control } = plan
  if (pending !== null)
    return ['It is decided, and the next tick of the controller does it: look with "waybill rollout status".']
  const has =
    flagNow === undefined
      ? 'There is no such flag any more.'
      : flagNow.on
        ? flagNow.percent === 0
          ? `Everybody gets ${control} whom no target and no rule names: version ${flagNow.version} of the flag.`
          : `The flag does not give ${control} to all, at version ${flagNow.version}: look at it with "waybill flags get ${flag}".`
        : `The flag is off, at version ${flagNow.version}, and was left so.`
  if (plan.inFlight === 'keep') {
    return [
      has,
      `Decisions in flight stay as they were decided; "waybill recall ${flag} --to ${control}" replaces them.`,
    ]
  }
  const recall = await store.get('recalls', flag)
  if (recall === undefined || recall.deleted) return [has, 'No recall was written.']
  const until = new Date(recall.expiresAtMs).toISOString()
  return [
    has,
    `Decisions in flight are recalled to ${recall.to} up to version ${recall.upToVersion}, until ${until}, in functions whose declaration of ${flag} says inFlight: 'recall'.`,
  ]
}

function report(overview: Overview, { storeName }: RolloutContext, notes: readonly string[]): Report {
  const { flag, rollout, percent, attempt } = overview
  return {
    json: { ...overview, notes },
    text: (style) => {
      const again = attempt > 1 ? `, attempt ${attempt}` : ''
      const head = `${style.strong(printable(flag))}: rollout ${printable(rollout)} is ${phaseWords(overview, style)}${again} at ${percent} %, in ${printable(storeName)}.`
      return [head, ...notes.map(printable)].join('\n')
    },
  }
}
