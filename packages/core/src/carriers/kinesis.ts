import {
  bodyProblem,
  byteLength,
  type Fields,
  fieldsOf,
  type InboundCarrier,
  type OutgoingCarrier,
  type TargetPolicy,
  textOf,
} from './carrier.ts'
import { bytesProblem, exposedDataBytes, exposeInData, spliceBytes, unloadBase64 } from './json-bytes.ts'
import { BODY_OVERHEAD_BYTES } from './json-splice.ts'
import { batchShipment, type Packing, soleShipment } from './shipment.ts'

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

export const kinesisInbound: InboundCarrier = {
  name: 'kinesis',
  batch: {
    recordsKey: 'Records',
    recognises: (record) => record['eventSource'] === 'aws:kinesis',
    idOf: (record) => textOf(record['eventID']),
    unload: (record) => {
      const kinesis = fieldsOf(record['kinesis'])
      const data = kinesis?.['data']
      const { tokens, clean } = unloadBase64(data)
      return { tokens, clean: clean === data ? record : { ...record, kinesis: { ...kinesis, data: clean } } }
    },
  },
}

export const kinesisOutgoing: OutgoingCarrier = {
  client: 'Kinesis',
  commands: {
    PutRecordCommand: (input, policy) => soleShipment(input, packing(input, policy)),
    PutRecordsCommand: (input, policy) => batchShipment(input, 'Records', MAX_REQUEST_BYTES, packing(input, policy)),
  },
}

function packing(request: Fields, policy: TargetPolicy): Packing {
  const target = request['StreamARN'] ?? request['StreamName']
  return {
    maxBytes: MAX_RECORD_BYTES,
    overheadBytes: BODY_OVERHEAD_BYTES,
    sizeOf: (record) => byteLength(record['Data']) + byteLength(record['PartitionKey']),
    problemOf: (record) => bodyProblem(policy, target) ?? bytesProblem(record['Data']),
    stamped: (record, token) => ({ ...record, Data: spliceBytes(record['Data'], token) }),
    exposedBytes: (record, flags) => exposedDataBytes(record['Data'], flags),
    exposing: (record, flags) => ({ ...record, Data: exposeInData(record['Data'], flags) }),
  }
}
