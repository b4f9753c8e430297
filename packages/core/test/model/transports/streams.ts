import type { Input } from '../sdk.ts'
import { at, batchOr, bodyToken, entriesIn, fromBase64, type Transport, toBase64, utf8 } from './transport.ts'

export const kinesis: Transport = {
  service: 'Kinesis',
  inbound: 'records',
  slot: 'body',
  most: 500,
  entry: (text, id) => ({ Data: Buffer.from(text), PartitionKey: id }),
  command: (entries, target) => batchOr(entries, 'PutRecord', { StreamName: target }, 'Records', 'PutRecords'),
  entriesOf: (command) => entriesIn(command, 'Records'),
  tokenOf: (entry) => bodyToken(utf8(entry['Data'])),
  deliver: (entry, id) => ({
    event: {
      eventSource: 'aws:kinesis',
      eventID: `shardId-000000000000:${id}`,
      kinesis: { sequenceNumber: id, partitionKey: entry['PartitionKey'], data: toBase64(entry['Data']) },
    },
  }),
  textOf: (record) => fromBase64(at(record, 'kinesis')['data']),
}

export const firehose: Transport = {
  ...kinesis,
  service: 'Firehose',
  recordsKey: 'records',
  entry: (text) => ({ Data: Buffer.from(text) }),
  command: (entries, DeliveryStreamName) =>
    entries.length === 1
      ? { name: 'PutRecordCommand', input: { DeliveryStreamName, Record: entries[0] } }
      : { name: 'PutRecordBatchCommand', input: { DeliveryStreamName, Records: entries } },
  entriesOf: ({ name, input }) =>
    name === 'PutRecordCommand' ? [at(input, 'Record')] : (input['Records'] as readonly Input[]),
  deliver: (entry, id) => ({
    event: { recordId: id, approximateArrivalTimestamp: 1_760_000_000_000, data: toBase64(entry['Data']) },
  }),
  textOf: (record) => fromBase64(record['data']),
}

export const kinesisToFirehose: Transport = {
  ...kinesis,
  recordsKey: 'records',
  deliver: firehose.deliver,
  textOf: firehose.textOf,
}

export const dynamodb: Transport = {
  service: 'DynamoDB',
  inbound: 'records',
  slot: 'body',
  most: 25,
  entry: (text, id) => ({ PutRequest: { Item: { pk: { S: id }, text: { S: text } } } }),
  command: (entries, table) => {
    const [first] = entries
    if (entries.length > 1 || first === undefined) {
      return { name: 'BatchWriteItemCommand', input: { RequestItems: { [table]: entries } } }
    }
    const { PutRequest, ...bound } = first
    return { name: 'PutItemCommand', input: { ...bound, TableName: table, ...at({ PutRequest }, 'PutRequest') } }
  },
  entriesOf: ({ name, input }) =>
    name === 'PutItemCommand'
      ? [{ PutRequest: { Item: input['Item'] } }]
      : (Object.values(at(input, 'RequestItems'))[0] as readonly Input[]),
  tokenOf: (entry) => at(at(at(entry, 'PutRequest'), 'Item'), '_waybill')['S'] as string | undefined,
  deliver: (entry, id) => ({
    event: {
      eventID: id,
      eventName: 'INSERT',
      eventSource: 'aws:dynamodb',
      dynamodb: { NewImage: at(at(entry, 'PutRequest'), 'Item'), StreamViewType: 'NEW_AND_OLD_IMAGES' },
    },
  }),
  textOf: (record) => String(at(at(at(record, 'dynamodb'), 'NewImage'), 'text')['S']),
}
