import type { Decision, Origin, Reason } from './decision.ts'
import { WaybillError } from './errors.ts'
import { isJson, type JsonValue } from './json.ts'

/** The decisions made for one subject. Immutable; made at the edge, carried by a token, current in a scope. */
export interface Waybill {
  /** The subject's fingerprint (`KeyRing.fingerprint`); absent when there was no subject. Never a user's id. */
  readonly subject?: string
  /** Seconds since the epoch at which the oldest of its decisions was made. */
  readonly decidedAtSeconds: number
  readonly decisions: ReadonlyMap<string, Decision>
  /** How many decisions were shed on the way for want of room. */
  readonly droppedCount: number
}

/** What {@link createWaybill} takes for a decision: everything but `flag`, `variation` and `value` has a default. */
export interface DecisionInput {
  readonly flag: string
  readonly variation: string
  readonly value: JsonValue
  readonly version?: number
  readonly reason?: Reason
  readonly origin?: Origin
  readonly decidedAtSeconds?: number
  readonly bucketed?: boolean
  readonly inExperiment?: boolean
  readonly track?: boolean
}

/**
 * Makes a waybill by hand: for jobs that start a chain outside a handler, and for tests. Throws `bad_decision`.
 *
 * @example
 * ```ts
 * const waybill = createWaybill({ decisions: [{ flag: 'new-order-flow', variation: 'canary', value: true }] })
 * waybill.decisions.get('new-order-flow')?.variation // 'canary'
 * ```
 */
export function createWaybill(input: {
  readonly subject?: string
  readonly decisions: readonly DecisionInput[]
  readonly decidedAtSeconds?: number
}): Waybill {
  const { subject, decidedAtSeconds = Math.floor(Date.now() / 1000) } = input
  if (subject !== undefined && !FINGERPRINT.test(subject)) {
    throw new WaybillError('bad_decision', 'A subject must be a fingerprint (KeyRing.fingerprint), never the id itself')
  }
  const decisions = new Map<string, Decision>()
  for (const one of input.decisions) {
    const decision = { version: 0, reason: 'PROVIDER', origin: 'evaluated', decidedAtSeconds, ...one } as const
    const bad = wrongIn(decision)
    if (bad !== undefined) throw new WaybillError('bad_decision', `Flag "${one.flag}": ${bad}`)
    if (decisions.has(one.flag)) throw new WaybillError('bad_decision', `Flag "${one.flag}" is decided twice`)
    decisions.set(one.flag, decision)
  }
  return waybillOf(decisions, subject)
}

/** What a token has room for: its readers refuse the rest. */
const FINGERPRINT = /^[A-Za-z0-9_-]{1,64}$/
/** Nine digits of base 36. */
const MAX_SECONDS = 36 ** 9
const isCount = (value: unknown, below: number): boolean =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) < below
const isName = (text: unknown): boolean => typeof text === 'string' && text !== '' && text.isWellFormed()

function wrongIn({ flag, variation, value, version, decidedAtSeconds }: Decision): string | undefined {
  if (!isName(flag) || !isName(variation)) return `a decision needs a flag and a variation, got "${variation}"`
  if (!isJson(value)) return 'the value must be JSON, at most 64 levels deep'
  if (!isCount(version, 1e15)) return `version ${version} must be a whole number of at most 15 digits`
  if (isCount(decidedAtSeconds, MAX_SECONDS)) return undefined
  return `decidedAtSeconds ${decidedAtSeconds} must be whole seconds since the epoch`
}

/** The one place where a waybill's shape is made: `decidedAtSeconds` is its oldest decision's. */
export function waybillOf(
  decisions: ReadonlyMap<string, Decision>,
  subject: string | undefined,
  droppedCount = 0,
): Waybill {
  let oldest = Number.POSITIVE_INFINITY
  for (const decision of decisions.values()) oldest = Math.min(oldest, decision.decidedAtSeconds)
  const decidedAtSeconds = oldest === Number.POSITIVE_INFINITY ? 0 : oldest
  return subject === undefined
    ? { decidedAtSeconds, decisions, droppedCount }
    : { subject, decidedAtSeconds, decisions, droppedCount }
}
