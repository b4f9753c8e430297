import { type AuditItem, auditKey, type FlagData, type FlagStore } from '@waybill/flags'
import type { Change, FlagState } from './browser/state.ts'

/** What a person does to the flag, in the store that the edge function reads. */
export interface Operator {
  state(): Promise<FlagState>
  setPercent(percent: number, comment: string): Promise<Edit>
  /** Everybody gets the off variation, whatever the rollout says. */
  kill(comment: string): Promise<Edit>
  revive(comment: string): Promise<Edit>
  /** The last changes, newest first. */
  changes(): Promise<readonly Change[]>
}

/** `stale`: somebody else wrote the flag meanwhile, and nothing was changed. */
export type Edit = 'written' | 'unchanged' | 'stale'

export interface OperatorOptions {
  readonly store: Pick<FlagStore, 'get' | 'put' | 'list'>
  readonly flag: string
  /** Index of the canary in the flag's variations; the rest of a rollout is for `control`. */
  readonly canary: number
  readonly control: number
  readonly who: string
  readonly nowMs: () => number
  /** Tells two changes of one millisecond apart. */
  readonly unique: () => string
  /** When a change was made, by the wall's clock: rollouts may have a clock of their own. Default: as it is written down. */
  readonly wallMs?: (atMs: number) => number
}

/** LaunchDarkly's weights are thousandths of a percent. */
const WHOLE = 100_000
const SHOWN_CHANGES = 6

/** As `waybill flags` edits: reads, writes only what it has read, and keeps who and why with it. */
export function operatorOf({
  store,
  flag: key,
  canary,
  control,
  who,
  nowMs,
  unique,
  wallMs = (atMs) => atMs,
}: OperatorOptions): Operator {
  const read = async (): Promise<FlagData> => {
    const flag = await store.get('features', key)
    if (flag === undefined || flag.deleted) throw new Error(`There is no flag "${key}" in the store`)
    return flag
  }

  const edit = async (action: string, comment: string, change: (flag: FlagData) => FlagData): Promise<Edit> => {
    const before = await read()
    const changed = change(before)
    if (JSON.stringify(changed) === JSON.stringify(before)) return 'unchanged'
    const after = { ...changed, version: before.version + 1 }
    const atMs = nowMs()
    const record: AuditItem = {
      key: auditKey(key, atMs, unique()),
      version: 1,
      kind: 'features',
      subject: key,
      action,
      who,
      atMs,
      comment,
      before,
      after,
    }
    return store.put('features', after, { ifVersion: before.version, record })
  }

  return {
    state: async () => {
      const flag = await read()
      return { on: flag.on === true, percent: percentOf(flag, canary), version: flag.version }
    },
    setPercent: (percent, comment) =>
      edit('rollout', comment, (flag) => {
        const weight = Math.round(percent * 1000)
        // The canary comes first: raising its share moves nobody out of it.
        const variations = [
          { variation: canary, weight },
          { variation: control, weight: WHOLE - weight },
        ]
        return { ...flag, fallthrough: { rollout: { ...flag.fallthrough?.rollout, variations } } }
      }),
    kill: (comment) => edit('kill', comment, (flag) => ({ ...flag, on: false })),
    revive: (comment) => edit('set on', comment, (flag) => ({ ...flag, on: true })),
    changes: async () => {
      const items = await store.list('audit', { keyPrefix: `${key}/` })
      return items
        .filter(({ kind }) => kind !== 'rollouts')
        .map((item) => ({ item, atMs: wallMs(item.atMs) }))
        .toSorted((left, right) => left.atMs - right.atMs)
        .slice(-SHOWN_CHANGES)
        .toReversed()
        .map(({ item, atMs }) => ({
          atMs,
          who: item.who,
          action: described(item, canary),
          comment: item.comment,
          version: item.after?.version ?? 0,
        }))
    },
  }
}

function percentOf({ fallthrough = {} }: FlagData, canary: number): number {
  const { rollout, variation } = fallthrough
  if (!rollout) return variation === canary ? 100 : 0
  const weights = rollout.variations.filter((one) => one.variation === canary).map(({ weight }) => weight)
  return weights.reduce((total, weight) => total + weight, 0) / 1000
}

function described({ action, after }: AuditItem, canary: number): string {
  if (action !== 'rollout' || after === undefined || !('fallthrough' in after)) return action
  return `${action} ${percentOf(after as FlagData, canary)} %`
}
