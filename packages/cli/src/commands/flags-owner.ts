import type { FlagOwner } from '@waybill/flags'
import { Argument, type Command } from 'commander'
import { auditItem } from '../audit.ts'
import { checkKey } from '../edits/create.ts'
import { Failure } from '../failure.ts'
import { printable } from '../render/text.ts'
import { authorOf, type ChangeOptions, changing, flagIn } from './edit-flag.ts'
import { type Session, showFromStore } from './run-command.ts'

/** `waybill flags owner`: who may write a flag. The other's writes are refused, so that neither undoes the other's. */
export function ownerCommand(session: Session): Command {
  return changing('owner', 'say who writes a flag: the other one is refused')
    .argument('<flag>', 'its key')
    .addArgument(new Argument('<owner>', 'who').choices(['waybill', 'launchdarkly']))
    .action((key: string, owner: FlagOwner, options: ChangeOptions) =>
      showFromStore(session, options, async ({ store, storeName, terminal }) => {
        checkKey(key)
        const author = authorOf(options, terminal)
        const flag = await flagIn(store, key, storeName)
        const held = await store.get('owners', key)
        const before = held?.owner
        const status = before === owner ? 'unchanged' : options.dryRun ? 'planned' : 'changed'
        if (status === 'changed') {
          const action = `owner ${before ?? 'nobody'} to ${owner}`
          const record = auditItem({ kind: 'features', action, before: flag, after: flag }, author, terminal.random(6))
          const next = { key, version: (held?.version ?? 0) + 1, owner }
          if ((await store.put('owners', next, { ifVersion: held?.version ?? 'absent', record })) === 'stale') {
            throw new Failure('conflict', `The owner of "${key}" was changed by somebody else: look again, then repeat`)
          }
        }
        return {
          json: { flag: key, status, before: before ?? null, after: owner },
          text: (style) => `${style.strong(printable(key))} ${SAID[status]} ${owner} in ${storeName}.`,
        }
      }),
    )
}

const SAID = {
  changed: 'is now written by',
  unchanged: 'is already written by',
  planned: 'would be written by',
} as const
