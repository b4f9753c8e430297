import { type AuditItem, type FlagData, isRefusal, type RecallStoreOptions, recallStore } from '@waybill/flags'
import { RolloutError } from './errors.ts'
import type { PublishEvents } from './events.ts'
import { percentIn, sidesIn, sidesOf, withPercent } from './flag-share.ts'
import type { CheckedPlan } from './plan.ts'
import type { RolloutState } from './state.ts'
import { type Pending, planOf, type RolloutStore, type StoredRollout } from './stored-rollout.ts'

export interface CarryOutOptions {
  readonly store: RolloutStore
  readonly nowMs: () => number
  /** Absent: events wait for somebody who publishes them. */
  readonly publish?: PublishEvents | undefined
  /** Told why nobody took the events. */
  readonly onUnpublished?: (error: unknown) => void
  readonly unique?: RecallStoreOptions['unique']
}

/** Others write the same flag now and then, not all the time. */
const ATTEMPTS = 5

/**
 * Does what is pending: the flag, the audit trail, the recall, the events, in this order, and notes that it is done. Every
 * part looks first whether it is done already. Answers `undefined` when somebody else changed the rollout meanwhile: then
 * that one has done it. Rejects when the store fails; the next who comes goes on.
 */
export async function carryOut(options: CarryOutOptions, rollout: StoredRollout): Promise<StoredRollout | undefined> {
  const { pending, ...rest } = rollout
  const plan = planOf(rollout)
  let done: StoredRollout = rest as StoredRollout
  let refusal: unknown
  if (pending !== undefined) {
    const set = await setFlag(options.store, plan, rollout, pending)
    if (set === undefined) return undefined
    const { flag, before, isSet } = set
    refusal = set.refusal
    if (flag !== undefined && isSet) {
      done = noted(done, flag.version, pending.percent)
      const isChange = before !== undefined || pending.percent !== rollout.flagPercent
      if (isChange) await writeRecord(options.store, flagRecord(plan, flag, before, rollout, pending))
    }
    if (flag !== undefined && pending.recall) {
      const isOwn = isSet && flag.on === true
      await recall(options, plan, flag, isOwn ? flag.version - 1 : flag.version, pending)
    }
    // Users still get the canary: a rollback that was refused is tried, and complained of, until it is done.
    if (refusal !== undefined && isRollback(rollout)) throw refusal
    await writeRecord(options.store, pending.record)
  }
  const outbox = await publishAll(options, rollout)
  if (pending === undefined && outbox.length === rollout.outbox.length) return rollout
  done = { ...done, version: rollout.version + 1, outbox }
  const outcome = await options.store.put('rollouts', done, { ifVersion: rollout.version })
  if (refusal !== undefined) throw refusal
  return outcome === 'written' ? done : undefined
}

const isRollback = ({ state }: StoredRollout): boolean => state.phase === 'rolled-back'

/** A rollout is one item, of 400 KB on DynamoDB, and somebody's tool may edit a flag each minute for a week. */
const MAX_VERSIONS = 200

/**
 * From now on it is known which share a version of the flag stands for. The oldest are forgotten; what they had to say is in
 * the evidence.
 */
export function noted(rollout: StoredRollout, version: number, percent: number): StoredRollout {
  const { state } = rollout
  const known: RolloutState['percentByVersion'] = { ...state.percentByVersion, [version]: percent }
  // Whole numbers are in their order: https://tc39.es/ecma262/#sec-ordinaryownpropertykeys
  const percentByVersion = Object.fromEntries(Object.entries(known).slice(-MAX_VERSIONS))
  const counted = state.counted.filter((one) => Object.hasOwn(percentByVersion, one.version))
  return { ...rollout, flagPercent: percent, state: { ...state, percentByVersion, counted } }
}

interface FlagSet {
  /** Absent: there is none, and no tombstone. */
  readonly flag?: FlagData
  /** It has the percentage. */
  readonly isSet: boolean
  /** What it was, if it was changed just now. */
  readonly before?: FlagData
  /** The store's, who will not have it changed: it is another owner's by now, or too large. */
  readonly refusal?: unknown
}

/**
 * Gives the flag its percentage, unless somebody else changed it so that it is not this rollout's to set: the next tick
 * finds that and pauses. A rollback asks nobody, but leaves off what is off. `undefined`: others carried it out.
 */
async function setFlag(
  store: RolloutStore,
  plan: CheckedPlan,
  rollout: StoredRollout,
  { percent }: Pending,
): Promise<FlagSet | undefined> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const flag = await store.get('features', plan.flag)
    if (flag === undefined) return { isSet: false }
    // What was decided of it may be in flight all the same.
    if (flag.deleted) return { flag, isSet: false }
    // Its canary would be back with whoever turns it on again.
    if (flag.on !== true && !isRollback(rollout)) return { flag, isSet: false }
    const sides = sidesIn(flag, plan)
    // Its variations were taken away or renamed: there is no percentage to set.
    if (sides === undefined) return { flag, isSet: false }
    const now = percentIn(flag, sides)
    if (now === percent) return { flag, isSet: true }
    if (now !== rollout.flagPercent && !isRollback(rollout)) return { flag, isSet: false }
    // Read after the flag: a terminal that slept meanwhile, and finds the flag as it was by chance, writes nothing.
    if ((await store.get('rollouts', rollout.key))?.version !== rollout.version) return undefined
    const next = { ...withPercent(flag, sides, percent), version: flag.version + 1 }
    try {
      const outcome = await store.put('features', next, { ifVersion: flag.version })
      if (outcome === 'written') return { flag: next, before: flag, isSet: true }
    } catch (error) {
      if (!isRefusal(error)) throw error
      return { flag, isSet: false, refusal: error }
    }
  }
  throw new RolloutError(
    'conflict',
    `"${plan.flag}" is being changed by others all the time: its percentage was not set`,
  )
}

/** What a rollout changes of a flag is its fallthrough: that is recorded, under a key that a second try finds taken. */
function flagRecord(
  plan: CheckedPlan,
  flag: FlagData,
  before: FlagData | undefined,
  { flagPercent }: StoredRollout,
  pending: Pending,
): AuditItem {
  const { key, version, fallthrough = {} } = flag
  const sides = sidesOf(flag, plan)
  // Where somebody was stopped after they had written it, it is known only what it should have been.
  const old = before ?? { ...withPercent(flag, sides, flagPercent), version: version - 1 }
  const percent = percentIn(old, sides)
  const from = percent === undefined ? 'another fallthrough' : `${percent} %`
  const { who, comment } = pending.author
  return {
    key: pending.record.key.replace(/rollout-(\d+)$/, 'rollout-$1-flag'),
    version: 1,
    kind: 'features',
    subject: key,
    action: `rollout ${plan.id}: ${from} -> ${pending.percent} %`,
    who,
    comment,
    atMs: pending.atMs,
    before: { key, version: old.version, fallthrough: old.fallthrough ?? {} },
    after: { key, version, fallthrough },
  }
}

async function writeRecord(store: RolloutStore, record: AuditItem): Promise<void> {
  // `stale`: it is there, from somebody who was stopped before they noted it.
  await store.put('audit', record, { ifVersion: 'absent' })
}

/** Each consumer reads a recall again and again: a larger value is not worth its bytes. */
const MAX_VALUE_LENGTH = 256

/** Decisions up to a version, wherever they are, give way to control. */
async function recall(
  { store, nowMs, unique }: CarryOutOptions,
  plan: CheckedPlan,
  flag: FlagData,
  upToVersion: number,
  { author }: Pending,
): Promise<void> {
  if (upToVersion < 1) return
  const value = flag.variations?.[sidesIn(flag, plan)?.control ?? -1]
  const isShort = value !== undefined && JSON.stringify(value).length <= MAX_VALUE_LENGTH
  const order = { flag: plan.flag, upToVersion, to: plan.control, ...(isShort ? { value } : {}) }
  const recalls = recallStore(store, { nowMs, ...(unique === undefined ? {} : { unique }) })
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    // One that reaches further is a human's order, whatever it recalls to: it stands.
    const { status } = await recalls.put(order, author, { unlessCovered: true })
    if (status !== 'stale') return
  }
  throw new RolloutError('conflict', `The recall of "${plan.flag}" is being changed by others all the time`)
}

/** What is left. Nothing waits for a bus that is down: the rollout goes on, and they are offered again. */
async function publishAll(
  { publish, onUnpublished }: CarryOutOptions,
  { outbox }: StoredRollout,
): Promise<StoredRollout['outbox']> {
  if (publish === undefined || outbox.length === 0) return outbox
  try {
    await publish(outbox)
    return []
  } catch (error) {
    onUnpublished?.(error)
    return outbox
  }
}
