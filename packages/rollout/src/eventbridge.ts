import { type EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge'
import { WaybillError } from '@waybill/core'
import { RolloutError } from './errors.ts'
import type { PublishEvents, RolloutEvent } from './events.ts'

export interface EventBridgeEventsOptions {
  readonly client: EventBridgeClient
  /** Name or ARN. Default: the account's default bus. */
  readonly eventBusName?: string
  /** What rules match as `source`. Default `waybill.rollout`. */
  readonly source?: string
  /** The longest that one publishing may take, with all its requests and attempts. Default 5,000. */
  readonly requestTimeoutMs?: number
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html */
const MAX_ENTRIES = 10
/**
 * Less than 256 KB for all entries of a request together. EventBridge has come to take 1 MB, but not each target of a rule, nor
 * each partition. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-size
 */
const MAX_BYTES = 256 * 1024 - 1
const TIME_BYTES = 14

/**
 * Publishes what happens in rollouts to a bus: `detail-type` is the event's type, such as `Rollout Rolled Back`, `detail`
 * the event. An event that is published again has another `id` of EventBridge's and the same `detail.id`: that is what a
 * consumer goes by. Reasons that do not fit are cut short, with a note; the event is never lost for them.
 *
 * Rejects unless all events were taken, with a `RolloutError` or with what the SDK throws. Throws `bad_option` at
 * set-up. Needs `events:PutEvents` on the bus.
 *
 * @example
 * ```ts
 * const publish = eventBridgeEvents({ client: new EventBridgeClient({}), eventBusName: 'deployments' })
 * // A rule that sees rollbacks: { "source": ["waybill.rollout"], "detail-type": ["Rollout Rolled Back"] }
 * ```
 */
export function eventBridgeEvents(options: EventBridgeEventsOptions): PublishEvents {
  const { client, eventBusName, source = 'waybill.rollout', requestTimeoutMs = 5_000 } = checked(options)
  return async (events) => {
    const deadline = AbortSignal.timeout(requestTimeoutMs)
    const entries = events.map((event) => ({
      ...entryOf(event, source),
      ...(eventBusName === undefined ? {} : { EventBusName: eventBusName }),
    }))
    try {
      // One after the other: what happened first is there first.
      for (const Entries of requestsOf(entries)) {
        const answer = await client.send(new PutEventsCommand({ Entries }), { abortSignal: deadline })
        const failed = (answer.Entries ?? []).flatMap(({ ErrorCode, ErrorMessage }, index) =>
          ErrorCode === undefined ? [] : [`${Entries[index]?.DetailType}: ${ErrorCode} (${ErrorMessage ?? ''})`],
        )
        if ((answer.FailedEntryCount ?? 0) > 0 || failed.length > 0) {
          throw new RolloutError('events_not_taken', `EventBridge did not take ${failed.join(', ') || 'all events'}`)
        }
      }
    } catch (error) {
      if (!deadline.aborted) throw error
      throw new RolloutError('events_late', `EventBridge gave no answer in ${requestTimeoutMs} ms`, { cause: error })
    }
  }
}

function checked(options: EventBridgeEventsOptions): EventBridgeEventsOptions {
  const { client, eventBusName, source, requestTimeoutMs = 1 } = options ?? {}
  const bad = (option: string, expected: string): WaybillError =>
    new WaybillError('bad_option', `eventBridgeEvents: option "${option}" must be ${expected}`)
  if (typeof client?.send !== 'function') throw bad('client', 'an EventBridgeClient')
  if (eventBusName === '') throw bad('eventBusName', "a bus's name or ARN, or absent")
  if (source !== undefined && !/^(?!aws\.).{1,256}$/.test(source)) {
    throw bad('source', 'a name that does not begin with "aws.", which is for AWS alone')
  }
  // A timer takes no more: https://nodejs.org/api/timers.html
  if (!(requestTimeoutMs > 0 && requestTimeoutMs < 2 ** 31)) throw bad('requestTimeoutMs', 'a positive number')
  return options
}

function entryOf(event: RolloutEvent, source: string): PutEventsRequestEntry {
  const entry = { Source: source, DetailType: event.type, Time: new Date(event.atMs) }
  return { ...entry, Detail: detailOf(event, MAX_BYTES - bytesOf(entry)) }
}

const NOTE = '(the rest is too long for an event)'

/** As many characters of the reasons as fit; the first are those that a verdict rests on. */
function detailOf(event: RolloutEvent, roomBytes: number): string {
  const whole = JSON.stringify(event)
  if (Buffer.byteLength(whole) <= roomBytes) return whole
  const shortened = (characters: number): string =>
    JSON.stringify({ ...event, reasons: [...firstOf(event.reasons, characters), NOTE] })
  let fits = 0
  let tooMany = whole.length
  while (tooMany - fits > 1) {
    const middle = Math.floor((fits + tooMany) / 2)
    if (Buffer.byteLength(shortened(middle)) <= roomBytes) fits = middle
    else tooMany = middle
  }
  return shortened(fits)
}

function firstOf(reasons: readonly string[], characters: number): readonly string[] {
  const kept: string[] = []
  let left = characters
  for (const reason of reasons) {
    if (left <= 0) break
    // Never half a character: as an escape it is longer than the whole, which then fits as well.
    kept.push(reason.length <= left ? reason : `${reason.slice(0, left)}…`)
    left -= reason.length + 1
  }
  return kept
}

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-size */
function bytesOf({ Source = '', DetailType = '', Detail = '' }: PutEventsRequestEntry): number {
  return TIME_BYTES + Buffer.byteLength(Source) + Buffer.byteLength(DetailType) + Buffer.byteLength(Detail)
}

function requestsOf(entries: readonly PutEventsRequestEntry[]): readonly PutEventsRequestEntry[][] {
  const requests: PutEventsRequestEntry[][] = []
  let bytes = 0
  for (const entry of entries) {
    const last = requests.at(-1)
    const size = bytesOf(entry)
    if (last === undefined || last.length === MAX_ENTRIES || bytes + size > MAX_BYTES) {
      requests.push([entry])
      bytes = size
    } else {
      last.push(entry)
      bytes += size
    }
  }
  return requests
}
