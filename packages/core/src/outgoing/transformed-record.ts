import { bytesProblem, spliceBytes, unloadBytes } from '../carriers/json-bytes.ts'
import { ambientScope } from '../scope.ts'

/** What Firehose wants back for a record: https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-status-model.html */
export interface TransformedRecord {
  readonly recordId: string
  readonly result: 'Ok'
  /** Base64. */
  readonly data: string
}

export interface TransformedRecordOptions {
  /** Whether what is delivered carries the token. Default false: a bucket or a warehouse has no use for it. */
  readonly stamp?: boolean
}

/** Bytes of a record's token: a record is stored, so it takes no more than a token's default budget. */
const ROOM_BYTES = 2048

/**
 * A Firehose record as its transformation hands it back. `data` is text or bytes, delivered as they are, or an object,
 * delivered as one line of JSON. A token in it (`stampEvent` puts one there) is taken out, the readable `_decisions`
 * stay; with `stamp: true` it stays, or the current one is put in: for a destination with consumers that honour it. For
 * records that are dropped or failed, return `{ recordId, result: 'Dropped', data }` yourself.
 *
 * @example
 * ```ts
 * const onRecord = withRecordScope(async (record: { recordId: string; data: string }) =>
 *   transformedRecord(record, { ...JSON.parse(Buffer.from(record.data, 'base64').toString()), seen: true }))
 * // { recordId, result: 'Ok', data: 'eyJvcmRlcklkIjoiby0xIiwic2VlbiI6dHJ1ZX0K' }
 * ```
 */
export function transformedRecord(
  record: { readonly recordId: string },
  data: string | Uint8Array | object,
  options: TransformedRecordOptions = {},
): TransformedRecord {
  const payload = typeof data === 'string' || data instanceof Uint8Array ? data : `${JSON.stringify(data)}\n`
  const delivered = options.stamp === true ? stamped(payload) : unloadBytes(payload)
  return { recordId: record.recordId, result: 'Ok', data: Buffer.from(delivered as string).toString('base64') }
}

function stamped(payload: string | Uint8Array): string | Uint8Array {
  const stamper = ambientScope()?.stamper()
  if (!stamper?.carries()) return payload
  const problem = bytesProblem(payload)
  if (problem !== undefined) {
    stamper.count(problem)
    return payload
  }
  const token = stamper.tokenFor(ROOM_BYTES)
  return token === undefined ? payload : spliceBytes(payload, token)
}
