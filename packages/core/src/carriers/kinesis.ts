import {
  bodyProblem,
  byteLength,
  type Carrier,
  type Fields,
  fieldsOf,
  type Shipment,
  type Slot,
  slotOf,
  type TargetPolicy,
  textOf,
  type Unloaded,
} from './carrier.ts'
import { BODY_KEY, BODY_OVERHEAD_BYTES, spliceable, spliceIn, spliceOut } from './json-splice.ts'

/*
 * Kinesis has no attributes: the token is the last key of a JSON object, spliced into the bytes. Anything else (bytes,
 * several objects in one record, records aggregated by the KPL) goes as it was, counted `uncarried`.
 * - a record: 1 MiB of data and partition key, by default; PutRecords: 10 MiB in all
 *   https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
 *   https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
 * - the event: https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
 */
const MAX_RECORD_BYTES = 1_048_576
const MAX_REQUEST_BYTES = 10_485_760

export const kinesis: Carrier = {
  name: 'kinesis',
  batch: {
    recordsKey: 'Records',
    recognises: (record) => record['eventSource'] === 'aws:kinesis',
    idOf: (record) => textOf(record['eventID']),
    unload: (record) => {
      const data = fieldsOf(record['kinesis'])
      const unloaded = unloadBase64(data?.['data'])
      if (unloaded === undefined) return { tokens: [], clean: record }
      return { tokens: unloaded.tokens, clean: { ...record, kinesis: { ...data, data: unloaded.clean } } }
    },
  },
  commands: {
    PutRecordCommand: (input, policy) => {
      const slot = slotFor(input, input, policy)
      return {
        slots: [slot],
        totalRoomBytes: slot.roomBytes,
        write: ([token]) => (token ? stamped(input, token) : input),
      }
    },
    PutRecordsCommand: (input, policy): Shipment => {
      const records = (Array.isArray(input['Records']) ? input['Records'] : []) as readonly Fields[]
      const used = records.reduce((sum, record) => sum + sizeOf(record), 0)
      return {
        slots: records.map((record) => slotFor(record, input, policy)),
        totalRoomBytes: MAX_REQUEST_BYTES - used,
        write: (tokens) => ({
          ...input,
          Records: records.map((record, index) => {
            const token = tokens[index]
            return token === undefined ? record : stamped(record, token)
          }),
        }),
      }
    },
  },
}

/** Takes the token out of base64 data; `undefined` when there is none. Bytes are read as latin1: one char, one byte. */
export function unloadBase64(data: unknown): { tokens: Unloaded['tokens']; clean: string } | undefined {
  if (typeof data !== 'string' || data === '') return undefined
  const text = Buffer.from(data, 'base64').toString('latin1')
  if (!text.includes(BODY_KEY)) return undefined
  const { tokens, clean } = spliceOut(text)
  return tokens.length === 0 ? undefined : { tokens, clean: Buffer.from(clean, 'latin1').toString('base64') }
}

function slotFor(record: Fields, request: Fields, policy: TargetPolicy): Slot {
  const roomBytes = MAX_RECORD_BYTES - sizeOf(record) - BODY_OVERHEAD_BYTES
  const unnamed = bodyProblem(policy, request['StreamARN'] ?? request['StreamName'])
  return slotOf(record, roomBytes, unnamed ?? bytesProblem(record['Data']))
}

/** Whether these bytes can take a token; for every carrier whose payload is bytes or text. */
export function bytesProblem(data: unknown): Slot['problem'] | undefined {
  const text = asUtf8(data)
  return text === undefined ? 'uncarried' : spliceable(text)
}

/** The same bytes with a token in them, in the kind (text or bytes) in which they came. */
export function spliceBytes(data: unknown, token: string): string | Uint8Array {
  if (typeof data === 'string') return spliceIn(data, token)
  const bytes = data as Uint8Array
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  return Buffer.from(spliceIn(text, token), 'latin1')
}

function asUtf8(data: unknown): string | undefined {
  if (typeof data === 'string') return data
  if (!(data instanceof Uint8Array)) return undefined
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString()
}

function sizeOf(record: Fields): number {
  return byteLength(record['Data']) + byteLength(record['PartitionKey'])
}

function stamped(record: Fields, token: string): Fields {
  return { ...record, Data: spliceBytes(record['Data'], token) }
}
