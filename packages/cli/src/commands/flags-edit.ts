import type { Command } from 'commander'
import { apply, plan } from '../change.ts'
import { createFlag } from '../edits/create.ts'
import { setRollout } from '../edits/rollout.ts'
import { setFallthrough, setOffVariation, turnOff, turnOn } from '../edits/switch.ts'
import { addTargets, removeTargets } from '../edits/target.ts'
import { nameVariations } from '../edits/variation.ts'
import { Failure } from '../failure.ts'
import { authorOf, type ChangeOptions, changeReport, editFlag, editing } from './edit-flag.ts'
import { ownerCommand } from './flags-owner.ts'
import { type Session, showFromStore } from './run-command.ts'

const IS_SEEN =
  'Edge functions see it when their cached flags expire. What is in flight stays as it was decided: see "waybill recall".'

/** The commands that change one flag. */
export function editCommands(session: Session): readonly Command[] {
  return [
    createCommand(session),
    setCommand(session),
    nameCommand(session),
    targetCommand(session),
    rolloutCommand(session),
    killCommand(session),
    ownerCommand(session),
  ]
}

interface CreateOptions extends ChangeOptions {
  readonly variation?: readonly string[]
  readonly on?: boolean
  readonly off?: string
  readonly fallthrough?: string
}

function createCommand(session: Session): Command {
  return editing('create', 'create a flag, off unless --on is given')
    .argument('<flag>', 'its key')
    .option('--variation <name=value...>', 'a variation: JSON, otherwise text (default: control=false canary=true)')
    .option('--off <variation>', 'what it serves when it is off (default: the first)')
    .option('--fallthrough <variation>', 'what everybody else gets when it is on (default: the same)')
    .option('--on', 'turn it on')
    .action((key: string, options: CreateOptions) =>
      showFromStore(session, options, async ({ store, storeName, terminal }) => {
        const author = authorOf(options, terminal)
        const { variation: variations, on, off, fallthrough } = options
        const flag = createFlag(
          {
            key,
            ...(variations === undefined ? {} : { variations }),
            ...(on === undefined ? {} : { on }),
            ...(off === undefined ? {} : { off }),
            ...(fallthrough === undefined ? {} : { fallthrough }),
          },
          terminal.random(16),
        )
        const before = await store.get('features', key)
        if (before !== undefined && !before.deleted) {
          throw new Failure(
            'conflict',
            `There is a flag "${key}" in ${storeName} already, at version ${before.version}`,
          )
        }
        const proposal = { kind: 'features', action: 'create', before, after: flag } as const
        if (options.dryRun) return changeReport(plan(proposal), [], storeName, true)
        await store.markFilled()
        return changeReport(await apply(store, proposal, author, terminal.random(6)), [], storeName, false)
      }),
    )
}

function setCommand(session: Session): Command {
  return editing('set', 'turn a flag on or off, or say what everybody gets whom nothing names')
    .argument('<flag>', 'its key')
    .argument('<what>', '"on", "off", "fallthrough" or "off-variation"')
    .argument('[variation]', 'for "fallthrough" and "off-variation": which')
    .addHelpText(
      'after',
      '\nExamples:\n  $ waybill flags set checkout on --comment "go"\n  $ waybill flags set checkout fallthrough control --comment "end of the test"',
    )
    .action(async (key: string, what: string, variation: string | undefined, options: ChangeOptions) => {
      const edits = { on: turnOn, off: turnOff }
      const withVariation = { fallthrough: setFallthrough, 'off-variation': setOffVariation }
      if (what === 'on' || what === 'off') {
        if (variation !== undefined)
          throw new Failure('bad_input', `"set ${what}" takes no variation: "${variation}" is too much`)
        return editFlag(session, options, key, `set ${what}`, edits[what])
      }
      if (what !== 'fallthrough' && what !== 'off-variation') {
        throw new Failure('bad_input', `"${what}" cannot be set: say on, off, fallthrough or off-variation`)
      }
      if (variation === undefined) throw new Failure('bad_input', `"set ${what}" needs a variation`)
      return editFlag(session, options, key, `set ${what}`, (flag) => withVariation[what](flag, variation))
    })
}

function nameCommand(session: Session): Command {
  return editing('name', 'name the variations of a flag, as the code declares them')
    .argument('<flag>', 'its key')
    .argument('<name...>', 'one for each variation, in their order')
    .action((key: string, names: readonly string[], options: ChangeOptions) =>
      editFlag(session, options, key, 'name', (flag) => nameVariations(flag, names)),
    )
}

interface TargetOptions extends ChangeOptions {
  readonly kind?: string
  readonly remove?: boolean
}

function targetCommand(session: Session): Command {
  return editing('target', 'give users a variation by name, whatever the percentages say')
    .argument('<flag>', 'its key')
    .argument('<variation>', 'by name, by value or as v<index>')
    .argument('<user...>', 'their keys')
    .option('--kind <kind>', 'of another kind of context than user')
    .option('--remove', 'take them out of the targets of this variation')
    .action((key: string, variation: string, keys: readonly string[], options: TargetOptions) => {
      const edit = options.remove ? removeTargets : addTargets
      const { kind: contextKind } = options
      const wanted = { variation, keys, ...(contextKind === undefined ? {} : { contextKind }) }
      return editFlag(session, options, key, options.remove ? 'untarget' : 'target', (flag) => edit(flag, wanted))
    })
}

interface RolloutOptions extends ChangeOptions {
  readonly rest?: string
}

function rolloutCommand(session: Session): Command {
  return editing('rollout', 'give a variation to a percentage of the users whom nothing names')
    .argument('<flag>', 'its key')
    .argument('<variation>', 'by name, by value or as v<index>')
    .argument('<percent>', '0 to 100, with three decimals at the most')
    .option('--rest <variation>', 'who gets the rest (default: those who have it now, in their proportions)')
    .addHelpText('after', '\nRaising the percentage moves nobody out of the variation; lowering it moves nobody in.')
    .action((key: string, variation: string, percent: string, options: RolloutOptions) => {
      const { rest } = options
      const wanted = { variation, percent, ...(rest === undefined ? {} : { rest }) }
      return editFlag(session, options, key, 'rollout', (flag) => setRollout(flag, wanted))
    })
}

function killCommand(session: Session): Command {
  return editing('kill', 'serve the off variation to everybody, at once')
    .argument('<flag>', 'its key')
    .action((key: string, options: ChangeOptions) =>
      editFlag(session, options, key, 'kill', (flag) => {
        const { flag: off, notes } = turnOff(flag)
        return { flag: off, notes: [...notes, IS_SEEN] }
      }),
    )
}
