import {
  bodyProblem,
  byteLength,
  type Fields,
  type InboundCarrier,
  type OutgoingCarrier,
  type TargetPolicy,
  textOf,
} from './carrier.ts'
import { bytesProblem, exposedDataBytes, exposeInData, spliceBytes, unloadBase64 } from './json-bytes.ts'
import { BODY_OVERHEAD_BYTES } from './json-splice.ts'
import { batchShipment, entriesShipment, type Packing } from './shipment.ts'

/*
 * Firehose, out: as Kinesis, the token is the last key of a JSON object, before the newline that ends the record. What
 * Firehose delivers (S3, Redshift, a vendor's HTTP endpoint) holds it, unless a transformation takes it out.
 * - a record: 1,000 KiB before base64; a batch: 4 MiB in all
 *   https://docs.aws.amazon.com/firehose/latest/APIReference/API_Record.html
 *   https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html
 *
 * Its data transformation, in: records as they were put, or as a Kinesis stream handed them on.
 *   https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-status-model.html
 *   https://docs.aws.amazon.com/lambda/latest/dg/services-kinesisfirehose.html
 * What the function returns is what is delivered: without the token, unless `transformedRecord` is told to keep it.
 */
const MAX_RECORD_BYTES = 1_024_000
const MAX_REQUEST_BYTES = 4_194_304

export const firehoseInbound: InboundCarrier = {
  name: 'firehose',
  batch: {
    recordsKey: 'records',
    recognises: (record) => typeof record['recordId'] === 'string' && typeof record['data'] === 'string',
    idOf: (record) => textOf(record['recordId']),
    unload: (record) => {
      const { tokens, clean } = unloadBase64(record['data'])
      return { tokens, clean: clean === record['data'] ? record : { ...record, data: clean } }
    },
  },
}

export const firehoseOutgoing: OutgoingCarrier = {
  client: 'Firehose',
  commands: {
    PutRecordCommand: (input, policy) =>
      entriesShipment([input['Record']], MAX_RECORD_BYTES, packing(input, policy), ([stamped]) =>
        stamped === input['Record'] ? input : { ...input, Record: stamped },
      ),
    PutRecordBatchCommand: (input, policy) =>
      batchShipment(input, 'Records', MAX_REQUEST_BYTES, packing(input, policy)),
  },
}

function packing(request: Fields, policy: TargetPolicy): Packing {
  return {
    maxBytes: MAX_RECORD_BYTES,
    overheadBytes: BODY_OVERHEAD_BYTES,
    sizeOf: (record) => byteLength(record['Data']),
    problemOf: (record) => bodyProblem(policy, request['DeliveryStreamName']) ?? bytesProblem(record['Data']),
    stamped: (record, token) => ({ ...record, Data: spliceBytes(record['Data'], token) }),
    exposedBytes: (record, flags) => exposedDataBytes(record['Data'], flags),
    exposing: (record, flags) => ({ ...record, Data: exposeInData(record['Data'], flags) }),
  }
}
