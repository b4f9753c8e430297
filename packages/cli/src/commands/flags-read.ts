import type { NamedFlag } from '@waybill/flags'
import type { Command } from 'commander'
import { checkKey } from '../edits/create.ts'
import { historyLines } from '../render/change.ts'
import { flagList, flagPage } from '../render/flag.ts'
import { flagIn } from './edit-flag.ts'
import { onStore, type Session, type SharedOptions, showFromStore } from './run-command.ts'

/** The commands that look at flags. */
export function readCommands(session: Session): readonly Command[] {
  return [listCommand(session), getCommand(session), historyCommand(session)]
}

function listCommand(session: Session): Command {
  return onStore('list', 'list all flags').action((options: SharedOptions) =>
    showFromStore(session, options, async ({ store, storeName }) => {
      const data = await store.readAll()
      if (data === undefined) return { json: [], text: () => `Nothing was ever written to ${storeName}.` }
      const flags: readonly NamedFlag[] = Object.values(data.flags)
      const sorted = flags.toSorted((a, b) => (a.key < b.key ? -1 : 1))
      return { json: sorted, text: (style) => flagList(sorted, style) }
    }),
  )
}

function getCommand(session: Session): Command {
  return onStore('get', 'show one flag')
    .argument('<flag>', 'its key')
    .action((key: string, options: SharedOptions) =>
      showFromStore(session, options, async ({ store, storeName }) => {
        checkKey(key)
        const flag = await flagIn(store, key, storeName)
        return { json: flag, text: (style) => flagPage(flag, style) }
      }),
    )
}

function historyCommand(session: Session): Command {
  return onStore('history', 'show who changed what, when and why, oldest first')
    .argument('[flag]', 'its key (default: all)')
    .action((key: string | undefined, options: SharedOptions) =>
      showFromStore(session, options, async ({ store }) => {
        if (key !== undefined) checkKey(key)
        const records = await store.list('audit', key === undefined ? {} : { keyPrefix: `${key}/` })
        const sorted = records.toSorted((a, b) => a.atMs - b.atMs)
        return { json: sorted, text: (style) => historyLines(sorted, style) }
      }),
    )
}
