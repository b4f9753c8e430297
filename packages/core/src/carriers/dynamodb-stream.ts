import { type Carrier, type Fields, fieldsOf, textOf, without } from './carrier.ts'
import { BODY_KEY } from './json-splice.ts'

/*
 * DynamoDB streams, in: an item's own attribute `_waybill`, put there by hand (an outbox).
 *   https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
 *   https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_StreamRecord.html
 * A writer that knows nothing of it changes the item and leaves the stamp of whoever wrote before. So the stamp of a
 * MODIFY is believed only if it differs from the old image's: the stream must have the view NEW_AND_OLD_IMAGES.
 */
export const dynamodbStream: Carrier = {
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
      const isNew = record['eventName'] === 'MODIFY' ? isNewer(change, after, before) : after !== undefined
      return {
        tokens: isNew && after !== undefined ? [after] : [],
        clean: { ...record, dynamodb: strip(strip({ ...change }, 'NewImage'), 'OldImage') },
      }
    },
  },
}

function isNewer(change: Fields | undefined, after: string | undefined, before: string | undefined): boolean {
  return fieldsOf(change?.['OldImage']) !== undefined && after !== before
}

/** An image's token; the empty one when it is not a string. */
function stamp(image: unknown): string | undefined {
  const item = fieldsOf(image)
  if (item === undefined || !Object.hasOwn(item, BODY_KEY)) return undefined
  return textOf(fieldsOf(item[BODY_KEY])?.['S']) ?? ''
}

function strip(change: Fields, key: 'NewImage' | 'OldImage'): Fields {
  const image = fieldsOf(change[key])
  return image === undefined ? change : { ...change, [key]: without(image, BODY_KEY) }
}
