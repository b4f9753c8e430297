import type { Command } from 'commander'
import { checkKey } from '../edits/create.ts'
import { Failure, messageOf } from '../failure.ts'
import { statusList, statusPage } from '../render/rollout.ts'
import { rolloutHistoryLines } from '../render/rollout-history.ts'
import { printable } from '../render/text.ts'
import { inOrder, type RolloutContext, showFromRollouts } from '../rollouts/open-rollouts.ts'
import { type Overview, overviewOf } from '../rollouts/overview.ts'
import { onStore, type Report, type Session, type SharedOptions } from './run-command.ts'

/** The commands that look at rollouts once. */
export function statusCommands(session: Session): readonly Command[] {
  return [
    onStore('status', 'show the rollouts, or one in full')
      .argument('[flag]', 'its key (default: all, one line each)')
      .action((flag: string | undefined, options: SharedOptions) =>
        showFromRollouts(session, options, (context) => (flag === undefined ? all(context) : one(flag, context))),
      ),
    onStore('history', "show every change of a flag's rollouts: who, when and why, oldest first")
      .argument('<flag>', 'its key')
      .action((flag: string, options: SharedOptions) =>
        showFromRollouts(session, options, (context) => historyOf(flag, context)),
      ),
  ]
}

async function all({ rollouts, store, storeName, terminal }: RolloutContext): Promise<Report> {
  const found = await rollouts.list()
  const flags = await Promise.all(found.map(({ key }) => store.get('features', key)))
  const nowMs = terminal.nowMs()
  const overviews: Overview[] = []
  const faults: { readonly flag: string; readonly fault: string }[] = []
  for (const [index, rollout] of found.entries()) {
    try {
      overviews.push(overviewOf(rollout, flags[index], nowMs))
    } catch (error) {
      // One that cannot be read hides no other.
      faults.push({ flag: rollout.key, fault: messageOf(error) })
    }
  }
  overviews.sort((a, b) => (a.flag < b.flag ? -1 : 1))
  return {
    json: [...overviews, ...faults],
    text: (style) =>
      [
        ...(found.length === 0 ? [`No rollouts in ${printable(storeName)}.`] : []),
        ...(overviews.length > 0 ? [statusList(overviews, nowMs, style)] : []),
        ...faults.map(({ fault }) => style.bad(`! ${printable(fault)}`)),
      ].join('\n'),
    exitCode: faults.length > 0 ? 1 : 0,
  }
}

async function one(flag: string, { rollouts, store, storeName, terminal }: RolloutContext): Promise<Report> {
  checkKey(flag)
  const found = await rollouts.get(flag)
  if (found === undefined) throw new Failure('not_found', `There is no rollout of "${flag}" in ${storeName}`)
  const [data, history] = await Promise.all([store.get('features', flag), rollouts.history(flag)])
  const nowMs = terminal.nowMs()
  const overview = overviewOf(found, data, nowMs)
  const lastChange = inOrder(history).at(-1)
  return {
    json: { ...overview, lastChange: lastChange ?? null },
    text: (style) => statusPage({ overview, storeName, nowMs, lastChange }, style),
  }
}

async function historyOf(flag: string, { rollouts, storeName }: RolloutContext): Promise<Report> {
  checkKey(flag)
  const records = inOrder(await rollouts.history(flag))
  if (records.length === 0) throw new Failure('not_found', `"${flag}" never had a rollout in ${storeName}`)
  return { json: records, text: (style) => rolloutHistoryLines(records, style) }
}
