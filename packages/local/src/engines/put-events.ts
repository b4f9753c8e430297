import { randomUUID } from 'node:crypto'
import { type JsonObject, ServiceError } from './json-protocol.ts'
import { LOCAL_ACCOUNT, LOCAL_REGION } from './loopback.ts'

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html */
const MAX_ENTRIES = 10
/** Summed over the entries. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html */
const MAX_REQUEST_BYTES = 1_048_576
const TIME_BYTES = 14

export interface PutEventsEntry {
  readonly Source?: string
  readonly DetailType?: string
  readonly Detail?: string
  readonly Resources?: readonly string[]
  readonly EventBusName?: string
  /** Seconds since the epoch. */
  readonly Time?: number
}

/** What a target receives. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html */
export interface EventEnvelope {
  readonly version: '0'
  readonly id: string
  readonly 'detail-type': string
  readonly source: string
  readonly account: string
  readonly time: string
  readonly region: string
  readonly resources: readonly string[]
  readonly detail: JsonObject
}

export type EntryResult = { readonly EventId: string } | { readonly ErrorCode: string; readonly ErrorMessage: string }

/** Refuses a request as a whole, by its number of entries or its size. */
export function checkPutEvents(entries: unknown): asserts entries is readonly PutEventsEntry[] {
  if (!Array.isArray(entries) || entries.length === 0 || entries.length > MAX_ENTRIES) {
    throw new ServiceError(
      'ValidationException',
      `1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length between 1 and ${MAX_ENTRIES}`,
    )
  }
  const bytes = (entries as readonly PutEventsEntry[]).reduce((total, entry) => total + entryBytes(entry), 0)
  if (bytes > MAX_REQUEST_BYTES) {
    throw new ServiceError('ValidationException', 'Total size of the entries in the request is over the limit.')
  }
}

function entryBytes(entry: PutEventsEntry): number {
  const texts = [entry.Source, entry.DetailType, entry.Detail, ...(entry.Resources ?? [])]
  const time = entry.Time === undefined ? 0 : TIME_BYTES
  return texts.reduce((total, text) => total + Buffer.byteLength(text ?? ''), time)
}

/** Makes the event of one entry, or says in AWS's codes what is wrong with that entry alone. */
export function envelopeOf(entry: PutEventsEntry, nowMs: number): EventEnvelope | EntryResult {
  const { Source: source, DetailType: detailType, Detail: detailText } = entry
  if (!source) return missing('Source')
  if (!detailType) return missing('DetailType')
  if (!detailText) return missing('Detail')
  if (source.startsWith('aws.')) {
    return { ErrorCode: 'NotAuthorizedForSourceException', ErrorMessage: 'Not authorized for the source.' }
  }
  const detail = parseDetail(detailText)
  if (detail === undefined) return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' }
  const timeMs = entry.Time === undefined ? nowMs : entry.Time * 1000
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': detailType,
    source,
    account: LOCAL_ACCOUNT,
    // Events carry whole seconds.
    time: new Date(timeMs).toISOString().replace(/\.\d+Z$/, 'Z'),
    region: LOCAL_REGION,
    resources: entry.Resources ?? [],
    detail,
  }
}

function missing(name: string): EntryResult {
  const reason = `Parameter ${name} is not valid. Reason: ${name} is a required argument.`
  return { ErrorCode: 'InvalidArgument', ErrorMessage: reason }
}

function parseDetail(text: string): JsonObject | undefined {
  try {
    const detail: unknown = JSON.parse(text)
    return detail !== null && typeof detail === 'object' && !Array.isArray(detail) ? (detail as JsonObject) : undefined
  } catch {
    return undefined
  }
}
