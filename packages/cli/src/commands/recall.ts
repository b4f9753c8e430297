import { type RecallChange, type RecallItem, recallStore } from '@waybill/flags'
import type { Command } from 'commander'
import { checkKey } from '../edits/create.ts'
import { Failure } from '../failure.ts'
import { recallTarget } from '../recall-target.ts'
import { recallList, recallPage } from '../render/recall.ts'
import { duration } from './duration.ts'
import { authorOf, flagIn } from './edit-flag.ts'
import {
  namesFile,
  onStore,
  type Report,
  type Session,
  type SharedOptions,
  type StoreContext,
  showFromStore,
  wholeNumber,
} from './run-command.ts'

interface RecallOptions extends SharedOptions {
  readonly to?: string
  readonly upToVersion?: number
  readonly for?: number
  readonly lift?: boolean
  readonly list?: boolean
  readonly comment?: string
  readonly who?: string
  readonly dryRun?: boolean
}

const HELP = `
A decision that is in flight (in a queue, a stream, a dead-letter queue) stays as it was decided when a flag is turned off.
A recall reaches it, in functions whose declaration of the flag says inFlight: 'recall' and which have a recall source.

Examples:
  $ waybill flags kill checkout --comment "errors in payment"
  $ waybill recall checkout --to control --comment "errors in payment"
  $ waybill recall --list
  $ waybill recall checkout --lift --comment "mended"`

/** `waybill recall`: an order for decisions in flight, taken back with `--lift`. */
export function recallCommand(session: Session): Command {
  return onStore('recall', 'replace the decisions of a flag that are in flight already')
    .argument('[flag]', 'its key')
    .option('--to <variation>', 'what takes their place: by name, by value or as v<index>')
    .option('--up-to-version <version>', "the last version that is recalled (default: the flag's own now)", wholeNumber)
    .option('--for <duration>', 'as long as the longest retention: 45m, 12h, 14d (default: 14d)', duration)
    .option('--lift', 'take the recall back')
    .option('--list', 'show the recalls in force')
    .option('--comment <text>', 'why: kept with the change')
    .option('--who <name>', 'who changes it (or WAYBILL_WHO; default: user and host)')
    .option('--dry-run', 'show what would change, and change nothing')
    .addHelpText('after', HELP)
    .action((key: string | undefined, options: RecallOptions) => {
      checkOptions(key, options, session)
      return showFromStore(session, options, async (context) => {
        if (key === undefined) return listed(context)
        return options.lift ? lifted(key, options, context) : recalled(key, options, context)
      })
    })
}

function checkOptions(key: string | undefined, options: RecallOptions, { terminal }: Session): void {
  const { to, upToVersion, lift = false, list = false, comment } = options
  const orders = to !== undefined || upToVersion !== undefined || options.for !== undefined
  if (list && (key !== undefined || lift || orders))
    throw new Failure('bad_input', '--list shows all recalls: say it alone')
  if (!list && key === undefined)
    throw new Failure('bad_input', 'Say which flag, or --list to see the recalls in force')
  if (lift && orders) throw new Failure('bad_input', '--lift takes the recall back: it goes with --comment alone')
  if (!list && !lift && to === undefined) throw new Failure('bad_input', 'Say what takes its place: --to VARIATION')
  if (!list && comment === undefined) throw new Failure('bad_input', 'Say why: --comment TEXT')
  // A recall that no function could ever read must not look like one.
  if (namesFile(options, terminal.env)) {
    throw new Failure('bad_input', 'Functions read recalls from a table: a file has none. Say --table NAME')
  }
}

async function listed({ store, terminal }: StoreContext): Promise<Report> {
  const recalls = await recallStore(store, { nowMs: terminal.nowMs }).list()
  return { json: recalls, text: (style) => recallList(recalls, style) }
}

async function recalled(key: string, options: RecallOptions, context: StoreContext): Promise<Report> {
  const { store, storeName, terminal } = context
  checkKey(key)
  const { who, comment } = authorOf({ ...options, comment: options.comment ?? '' }, terminal)
  const flag = await flagIn(store, key, storeName)
  const { notes, ...target } = recallTarget(flag, options.to ?? '')
  const { upToVersion = flag.version, dryRun = false } = options
  if (upToVersion > flag.version) {
    const message = `"${key}" has version ${flag.version} in ${storeName}: what is decided later cannot be recalled yet`
    throw new Failure('bad_input', message)
  }
  const lifetime = options.for === undefined ? {} : { lifetimeSeconds: options.for }
  const order = { flag: key, upToVersion, ...target, ...lifetime }
  const change = await recallsOf(context).put(order, { who, comment }, { dryRun })
  const stillOn = flag.on === true && flag.version <= upToVersion
  return report(key, change, context, [
    `Only functions follow it whose declaration of ${key} says inFlight: 'recall' and which have a recall source; all others go on as was decided.`,
    ...notes,
    ...(stillOn
      ? [
          `${key} is still on at version ${flag.version}: what is decided at that version from now on is recalled too. "waybill flags kill ${key}" ends it.`,
        ]
      : []),
  ])
}

async function lifted(key: string, options: RecallOptions, context: StoreContext): Promise<Report> {
  checkKey(key)
  const { who, comment } = authorOf({ ...options, comment: options.comment ?? '' }, context.terminal)
  const change = await recallsOf(context).lift(key, { who, comment }, { dryRun: options.dryRun ?? false })
  const note = 'What is still in flight is honoured again as it was decided; what was handled meanwhile stays as it is.'
  return report(key, change, context, change.status === 'unchanged' ? [] : [note])
}

function recallsOf({ store, terminal }: StoreContext): ReturnType<typeof recallStore> {
  return recallStore(store, { nowMs: terminal.nowMs, unique: () => terminal.random(6) })
}

function report(key: string, change: RecallChange, { storeName }: StoreContext, notes: readonly string[]): Report {
  if (change.status === 'stale') {
    const message = `The recall of "${key}" was changed by somebody else at this moment: nothing was changed, look again`
    throw new Failure('conflict', message)
  }
  const { before, after } = change
  const done = after === undefined ? 'lifted' : 'recalled'
  const status = change.status === 'written' ? done : change.status
  const json = { flag: key, status, before: before ?? null, recall: after ?? null, notes }
  return { json, text: (style) => recallPage({ key, status, storeName, notes, ...sides(before, after) }, style) }
}

function sides(before: RecallItem | undefined, after: RecallItem | undefined): Pick<RecallChange, 'before' | 'after'> {
  return { ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }
}
