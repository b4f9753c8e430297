import type { CountCode } from '../ledger.ts'

/** An event, a record or a command's input: read by shape, since no SDK or event type is a dependency here. */
export type Fields = Readonly<Record<string, unknown>>

/** The attribute that holds the token on SQS and SNS, and its name in a Lambda client context. */
export const ATTRIBUTE = 'waybill'
/** What the attributes begin with that show one flag's variation to filters, where that was asked for. */
export const EXPOSED_ATTRIBUTE = 'waybill.flag.'
/** The header that holds the token. */
export const HEADER = 'x-waybill'

/**
 * What was found in an event or a record (none, one, or several: then none is believed), and the same without it. A slot
 * that is there and holds no readable text counts as the empty token, so that a damaged stamp is counted, not passed over.
 */
export interface Unloaded {
  readonly tokens: readonly string[]
  readonly clean: Fields
  /** Why a stamp that was found there is not among the tokens. */
  readonly problem?: Extract<CountCode, 'no_old_image' | 'old_stamp'>
}

/** An event that is one request or message. */
export interface SingleInbound {
  recognises(event: Fields): boolean
  unload(event: Fields): Unloaded
}

/** An event of many records, each with a waybill of its own. */
export interface BatchInbound {
  /** The event's key for its records: `Records`, or Firehose's `records`. */
  readonly recordsKey: 'Records' | 'records'
  recognises(record: Fields): boolean
  /** By this a record is found again after a parser has made something else of it. */
  idOf(record: Fields): string | undefined
  unload(record: Fields): Unloaded
  /** AWS never puts two records into such an event: a lone record is handled as a single event. */
  readonly alwaysAlone?: true
}

/** One place for a token in an outgoing request. */
export interface Slot {
  /** The entry as the caller made it: it may be bound to a waybill. */
  readonly entry: object
  /** Bytes that a token may have here. */
  readonly roomBytes: number
  /** Why no token can go here; counted where there is something to carry. */
  readonly problem?: Extract<
    CountCode,
    | 'already_stamped'
    | 'attributes_full'
    | 'uncarried'
    | 'not_targeted'
    | 'named_execution'
    | 'named_transaction'
    | 'unsized_update'
  >
}

/** What filters may see: variations by flag, a claim beside the token that proves it. */
export type Exposed = readonly (readonly [flag: string, variation: string])[]

/** An outgoing request, laid open. */
export interface Shipment {
  readonly slots: readonly Slot[]
  /** Bytes that the first token may have in the whole request, which its slots share. */
  readonly totalRoomBytes: number
  /** Bytes that each token costs there beside its own length; taken off already for the first, and in every slot. */
  readonly overheadBytes: number
  /** Bytes that readable flags cost in a slot that gets a token; `undefined` where they cannot go. */
  exposedBytes?(index: number, flags: Exposed): number | undefined
  /** The input with these tokens in its slots, in order, and readable flags beside them. The caller's own stays as it is. */
  write(tokens: readonly (string | undefined)[], exposed?: readonly (Exposed | undefined)[]): Fields
}

/** What the user said of the targets. */
export interface TargetPolicy {
  /** Whether the target is named in `to`; `undefined` when there is no `to`. */
  isNamed(target: unknown): boolean | undefined
  readonly namedExecutions: boolean
  readonly namedTransactions: boolean
}

/*
 * All that is known of one transport stands in one file, as one plain object for each of its directions: a function that
 * sends nothing on then bundles nothing of the way out. A new transport is such a file, one line in `list.ts`, one in
 * `../outgoing/commands.ts` and one call of the carrier contract for each direction.
 */

/** How a transport's events come in. */
export interface InboundCarrier {
  readonly name: string
  readonly single?: SingleInbound
  readonly batch?: BatchInbound
  /** Tokens that come beside the event, in the Lambda context. */
  readonly context?: (lambdaContext: unknown) => readonly string[]
}

/** How requests of one AWS SDK client go out. */
export interface OutgoingCarrier {
  /** The `serviceId` of the AWS SDK v3 client whose commands these are: other services use the same command names. */
  readonly client: string
  /** AWS SDK command name -> how its input is laid open; `undefined`: nothing in this one is ever stamped. */
  readonly commands: Readonly<Record<string, (input: Fields, policy: TargetPolicy) => Shipment | undefined>>
}

export function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null ? (value as Fields) : undefined
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

export function byteLength(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  return value instanceof Uint8Array ? value.byteLength : 0
}

/** A copy without one key. */
export function without(fields: Fields, key: string): Fields {
  const { [key]: _, ...rest } = fields
  return rest
}

/** Message attributes without ours; the same object where there is none of ours. */
export function withoutAttributes(attributes: Fields): Fields {
  const isOurs = (name: string): boolean => name === ATTRIBUTE || name.startsWith(EXPOSED_ATTRIBUTE)
  const entries = Object.entries(attributes)
  return entries.some(([name]) => isOurs(name))
    ? Object.fromEntries(entries.filter(([name]) => !isOurs(name)))
    : attributes
}

/** The tokens of two places in one message: the same in both is one. */
export function together(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])]
}

/** A slot that is in the header or an attribute: stamped unless the user named other targets. */
export function attributeProblem(policy: TargetPolicy, target: unknown): 'not_targeted' | undefined {
  return policy.isNamed(target) === false ? 'not_targeted' : undefined
}

/** A slot that is in the body: stamped only where the user named the target. */
export function bodyProblem(policy: TargetPolicy, target: unknown): 'not_targeted' | undefined {
  return policy.isNamed(target) === true ? undefined : 'not_targeted'
}
