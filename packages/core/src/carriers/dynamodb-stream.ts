import { type Fields, fieldsOf, type InboundCarrier, textOf, type Unloaded, without } from './carrier.ts'
import { BODY_KEY, EXPOSED_KEY } from './json-splice.ts'

/*
 * DynamoDB streams, in: an item's own attribute `_waybill`, which `dynamodb` put there (an outbox).
 *   https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
 *   https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_StreamRecord.html
 * A writer that knows nothing of it changes the item and leaves the stamp of whoever wrote before. So the stamp of a
 * MODIFY is believed only if it differs from the old image's: the stream must have the view NEW_AND_OLD_IMAGES. With
 * NEW_IMAGE alone, new items are believed and changed ones are not, counted `no_old_image`. One request that writes an
 * item twice leaves the same stamp twice: its second event is not believed either, counted `old_stamp`.
 */
export const dynamodbStreamInbound: InboundCarrier = {
  name: 'dynamodb-stream',
  batch: {
    recordsKey: 'Records',
    recognises: (record) => record['eventSource'] === 'aws:dynamodb',
    idOf: (record) => textOf(record['eventID']),
    unload: (record) => {
      const change = fieldsOf(record['dynamodb'])
      const after = stamp(change?.['NewImage'])
      const before = stamp(change?.['OldImage'])
      if (after === undefined && before === undefined) return { tokens: [], clean: record }
      const problem = after !== undefined && record['eventName'] === 'MODIFY' ? doubt(change, after, before) : undefined
      return {
        tokens: after === undefined || problem !== undefined ? [] : [after],
        ...(problem === undefined ? {} : { problem }),
        clean: { ...record, dynamodb: strip(strip({ ...change }, 'NewImage'), 'OldImage') },
      }
    },
  },
}

/** Why the stamp of a changed item is not that of the one who changed it. */
function doubt(change: Fields | undefined, after: string, before: string | undefined): Unloaded['problem'] {
  if (fieldsOf(change?.['OldImage']) === undefined) return 'no_old_image'
  return after === before ? 'old_stamp' : undefined
}

/** An image's token; the empty one when it is not a string. */
function stamp(image: unknown): string | undefined {
  const item = fieldsOf(image)
  if (item === undefined || !Object.hasOwn(item, BODY_KEY)) return undefined
  return textOf(fieldsOf(item[BODY_KEY])?.['S']) ?? ''
}

function strip(change: Fields, key: 'NewImage' | 'OldImage'): Fields {
  const image = fieldsOf(change[key])
  return image === undefined ? change : { ...change, [key]: without(without(image, BODY_KEY), EXPOSED_KEY) }
}
