import { type Carrier, textOf } from './carrier.ts'
import { unloadBase64 } from './json-bytes.ts'

/*
 * Firehose's data transformation, in: records as they were put, or as a Kinesis stream handed them on.
 *   https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-status-model.html
 *   https://docs.aws.amazon.com/lambda/latest/dg/services-kinesisfirehose.html
 * What the function returns is what is delivered: without the token.
 */
export const firehose: Carrier = {
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
