import { flagFault, type NamedFlag } from '@waybill/flags'
import type { Command } from 'commander'
import type { Author } from '../audit.ts'
import { apply, type Changed, type Proposal, plan } from '../change.ts'
import { dependantsOf } from '../dependants.ts'
import { checkKey } from '../edits/create.ts'
import type { Edited } from '../edits/edit.ts'
import { Failure } from '../failure.ts'
import { changeLines } from '../render/change.ts'
import { printable } from '../render/text.ts'
import { rolloutNotes } from '../rollouts/edited-meanwhile.ts'
import type { Store } from '../store/store.ts'
import type { Terminal } from '../terminal.ts'
import { onStore, type Report, type Session, type SharedOptions, showFromStore, wholeNumber } from './run-command.ts'

export interface ChangeOptions extends SharedOptions {
  readonly comment: string
  readonly who?: string
  readonly dryRun?: boolean
  readonly ifVersion?: number
}

const MAX_COMMENT_LENGTH = 2_000

/** A command that changes something: it says why, and who. */
export function changing(name: string, description: string): Command {
  return onStore(name, description)
    .requiredOption('--comment <text>', 'why: kept with the change')
    .option('--who <name>', 'who changes it (or WAYBILL_WHO; default: user and host)')
    .option('--dry-run', 'show what would change, and change nothing')
}

/** The same for one flag. */
export function editing(name: string, description: string): Command {
  return changing(name, description).option(
    '--if-version <version>',
    'only if the flag still has this version, as "flags get" showed it',
    wholeNumber,
  )
}

export function authorOf({ comment, who }: ChangeOptions, terminal: Terminal): Author {
  const name = (who ?? (terminal.env['WAYBILL_WHO'] || terminal.userName())).trim()
  if (comment.trim() === '') throw new Failure('bad_input', 'The --comment is empty: say why')
  if (comment.length > MAX_COMMENT_LENGTH) {
    throw new Failure(
      'bad_input',
      `The --comment has ${comment.length} characters, at most ${MAX_COMMENT_LENGTH} are kept`,
    )
  }
  if (name === '' || name.length > 200) throw new Failure('bad_input', 'Say who, in at most 200 characters: --who NAME')
  return { who: name, atMs: terminal.nowMs(), comment: comment.trim() }
}

/** Reads a flag, edits it, writes it if nobody else has meanwhile. */
export function editFlag(
  session: Session,
  options: ChangeOptions,
  key: string,
  action: string,
  edit: (flag: NamedFlag) => Edited,
): Promise<void> {
  return showFromStore(session, options, async ({ store, storeName, terminal }) => {
    checkKey(key)
    const author = authorOf(options, terminal)
    const before = await flagIn(store, key, storeName)
    const { ifVersion } = options
    if (ifVersion !== undefined && before.version !== ifVersion) {
      const message = `"${key}" was changed since: it has version ${before.version}, not ${ifVersion}. Nothing was changed: look again`
      throw new Failure('conflict', message)
    }
    // Turning off must always work; everything else reads what may not be there.
    const turnsOff = action === 'kill' || action === 'set off'
    const fault = turnsOff ? undefined : flagFault(before)
    if (fault !== undefined)
      throw new Failure('refused', `"${key}" is malformed, ${fault}: it can be killed or imported anew`)
    const { flag, notes } = edit(before)
    const proposal: Proposal = { kind: 'features', action, before, after: flag }
    const changed = options.dryRun ? plan(proposal) : await apply(store, proposal, author, terminal.random(6))
    const said = [...notes, ...(await rolloutNotes(store, changed.after as NamedFlag))]
    if (!turnsOff) return changeReport(changed, said, storeName, options.dryRun ?? false)
    const { dependants, notes: more } = await dependantsOf(store, key)
    return changeReport(changed, [...said, ...more], storeName, options.dryRun ?? false, { dependants })
  })
}

/** A flag that is there. Fails with `not_found`. */
export async function flagIn(store: Store, key: string, storeName: string): Promise<NamedFlag> {
  const flag = await store.get('features', key)
  if (flag !== undefined && !flag.deleted) return flag
  const was = flag === undefined ? '' : `: it was deleted at version ${flag.version}`
  throw new Failure('not_found', `There is no flag "${key}" in ${storeName}${was}`)
}

export function changeReport(
  changed: Changed,
  notes: readonly string[],
  storeName: string,
  dryRun: boolean,
  more: { readonly dependants?: readonly string[] | null } = {},
): Report {
  const { status, before, after } = changed
  const done = status === 'unchanged' ? 'unchanged' : dryRun ? 'planned' : 'changed'
  const live = before?.deleted ? undefined : before
  return {
    json: { flag: after.key, status: done, version: after.version, before: live ?? null, after, notes, ...more },
    text: (style) => {
      const key = style.strong(printable(after.key))
      const said = notes.map(printable)
      if (status === 'unchanged') {
        return [`${key} is that way already, at version ${after.version}: nothing was changed.`, ...said].join('\n')
      }
      const verb = dryRun ? 'would go' : 'went'
      const head = `${key} ${verb} from ${live === undefined ? 'nothing' : `version ${live.version}`} to version ${after.version} in ${storeName}.`
      return [head, ...changeLines(changed, style), ...said].join('\n')
    },
  }
}
