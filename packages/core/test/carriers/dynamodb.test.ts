import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { BatchWriteCommand, DynamoDBDocumentClient, PutCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb'
import { describe, expect, test } from 'vitest'
import type { Fields } from '../../src/carriers/carrier.ts'
import { dynamodbOutgoing } from '../../src/carriers/dynamodb.ts'
import { itemSize } from '../../src/carriers/dynamodb-item.ts'
import { dynamodbStreamInbound } from '../../src/carriers/dynamodb-stream.ts'
import { bindWaybill, stampClient, withHonouredDecisions } from '../../src/index.ts'
import { openShipment } from '../../src/outgoing/commands.ts'
import type { OutgoingHarness, Payload } from '../../src/testing/harness.ts'
import { NAMED } from '../../src/testing/open-request.ts'
import { describeContract } from '../fixtures/contract.ts'
import { eventOf } from '../fixtures/events.ts'
import { flags, keys } from '../support/fixtures.ts'
import { region, withoutNetwork } from '../support/sending.ts'
import { tokenFor } from '../support/tokens.ts'

const TABLE = 'outbox'
const KEY = 'o-1'

/** An item with the payload as its text, as an outbox has it. */
const itemOf = (payload: Payload): Fields => ({ id: { S: KEY }, event: { S: String(payload) } })
const eventIn = (item: unknown): Payload => ((item as Fields)['event'] as { S: string }).S
/** Names and values: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html */
const sizeOfItem = (item: unknown): number =>
  Object.entries(item as Record<string, { S: string }>).reduce(
    (sum, [name, { S }]) => sum + Buffer.byteLength(name) + Buffer.byteLength(S),
    0,
  )

/** The new item as the table's stream hands it on. */
function delivered(item: unknown): Fields {
  const [record] = eventOf('dynamodb-stream')['Records'] as readonly Fields[]
  return { Records: [{ ...record, dynamodb: { ...(record?.['dynamodb'] as Fields), NewImage: item } }] }
}

/** Items are attributes, not texts: a stamp is beside the payload, whatever that is. */
function outgoing(
  part: Pick<OutgoingHarness, 'command' | 'maxEntries' | 'request'>,
  itemAt: (request: Fields, index: number) => unknown,
): OutgoingHarness {
  return {
    carrier: dynamodbOutgoing,
    receiver: dynamodbStreamInbound,
    place: 'item',
    payloadKind: 'text',
    onlyJson: false,
    target: TABLE,
    maxBytes: 400 * 1024,
    payloadAt: (request, index) => eventIn(itemAt(request, index)),
    sizeOf: (request, index) => sizeOfItem(itemAt(request, index)),
    deliver: (request) =>
      Array.from({ length: part.maxEntries }, (_, index) => itemAt(request, index))
        .filter((item) => item !== undefined)
        .map((item) => ({ event: delivered(item) })),
    received: (event) =>
      eventIn((event as { Records: [{ dynamodb: { NewImage: unknown } }] }).Records[0].dynamodb.NewImage),
    ...part,
  }
}

const put = outgoing(
  { command: 'PutItemCommand', maxEntries: 1, request: ([event = '']) => ({ TableName: TABLE, Item: itemOf(event) }) },
  (request, index) => (index === 0 ? request['Item'] : undefined),
)
// A batch's 16 MB and a transaction's 4 MB: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
const batch: OutgoingHarness = {
  ...outgoing(
    {
      command: 'BatchWriteItemCommand',
      maxEntries: 25,
      request: (events) => ({
        RequestItems: { [TABLE]: events.map((event) => ({ PutRequest: { Item: itemOf(event) } })) },
      }),
    },
    (request, index) =>
      (request['RequestItems'] as Record<string, { PutRequest: Fields }[]>)[TABLE]?.[index]?.PutRequest['Item'],
  ),
  maxRequestBytes: 16 * 1024 * 1024,
}
const transaction: OutgoingHarness = {
  ...outgoing(
    {
      command: 'TransactWriteItemsCommand',
      maxEntries: 100,
      request: (events) => ({
        TransactItems: events.map((event) => ({ Put: { TableName: TABLE, Item: itemOf(event) } })),
      }),
    },
    (request, index) => (request['TransactItems'] as { Put: Fields }[])[index]?.Put['Item'],
  ),
  maxRequestBytes: 4 * 1024 * 1024,
}

describeContract('DynamoDB, an item', { outgoing: put })
describeContract('DynamoDB, a batch of items', { outgoing: batch })
describeContract('DynamoDB, a transaction', { outgoing: transaction })

describe('DynamoDB', () => {
  const open = (command: string, input: Fields, policy = NAMED) => openShipment('DynamoDB', command, input, policy)

  test('leaves all tables alone of which none was named', () => {
    const unnamed = { ...NAMED, isNamed: () => undefined }
    expect(open('PutItemCommand', put.request(['x']), unnamed)?.slots[0]?.problem).toBe('not_targeted')
  })

  test('leaves a transaction with a ClientRequestToken alone: the same one with another item is refused', () => {
    const request = { ...transaction.request(['x']), ClientRequestToken: 'once' }
    expect(open('TransactWriteItemsCommand', request)?.slots[0]?.problem).toBe('named_transaction')
    const asked = { ...NAMED, namedTransactions: true }
    expect(open('TransactWriteItemsCommand', request, asked)?.slots[0]?.problem).toBeUndefined()
  })

  test('stamps the outbox item of a transaction, and nothing else in it', () => {
    const update = {
      Update: { TableName: 'orders', UpdateExpression: 'SET a = :a', ExpressionAttributeValues: { ':a': { N: '1' } } },
    }
    const check = { ConditionCheck: { TableName: 'orders', Key: itemOf('x') } }
    const theirs = { Put: { TableName: 'orders', Item: itemOf('x') } }
    const ours = { Put: { TableName: TABLE, Item: itemOf('x') } }
    const policy = { ...NAMED, isNamed: (target: unknown) => target === TABLE }
    const shipment = open('TransactWriteItemsCommand', { TransactItems: [update, check, theirs, ours] }, policy)
    expect(shipment?.slots.map(({ problem }) => problem)).toEqual(['not_targeted', undefined])
    expect(shipment?.write([undefined, 'wb1.a'])).toEqual({
      TransactItems: [
        update,
        check,
        theirs,
        { Put: { TableName: TABLE, Item: { ...itemOf('x'), _waybill: { S: 'wb1.a' } } } },
      ],
    })
  })

  test('leaves room in a transaction for what its updates write', () => {
    const large = { ':a': { S: 'x'.repeat(300_000) } }
    const update = { Update: { TableName: 'orders', ExpressionAttributeValues: large } }
    const ours = { Put: { TableName: TABLE, Item: itemOf('x') } }
    const roomOf = (items: readonly object[]) =>
      open('TransactWriteItemsCommand', { TransactItems: items })?.totalRoomBytes
    expect(Number(roomOf([ours])) - Number(roomOf([update, ours]))).toBe(300_002)
  })

  test('stamps the items of named tables in a batch, and leaves its deletes', () => {
    const request = {
      RequestItems: {
        orders: [{ PutRequest: { Item: itemOf('x') } }],
        [TABLE]: [{ DeleteRequest: { Key: itemOf('x') } }, { PutRequest: { Item: itemOf('y') } }],
      },
    }
    const policy = { ...NAMED, isNamed: (target: unknown) => target === TABLE }
    const shipment = open('BatchWriteItemCommand', request, policy)
    expect(shipment?.slots.map(({ problem }) => problem)).toEqual(['not_targeted', undefined])
    const [untouched, stamped] = request.RequestItems[TABLE] as [object, { PutRequest: { Item: Fields } }]
    expect(shipment?.write([undefined, 'wb1.a'])).toEqual({
      RequestItems: {
        ...request.RequestItems,
        [TABLE]: [untouched, { PutRequest: { Item: { ...stamped.PutRequest.Item, _waybill: { S: 'wb1.a' } } } }],
      },
    })
  })

  test('leaves updates alone, counted where the table is named: the size of the item is not known', () => {
    const request = { TableName: TABLE, Key: itemOf('x'), UpdateExpression: 'SET a = :a' }
    expect(open('UpdateItemCommand', request)?.slots[0]?.problem).toBe('unsized_update')
    expect(open('UpdateItemCommand', request)?.write(['wb1.a'])).toEqual(request)
    expect(open('UpdateItemCommand', request, { ...NAMED, isNamed: () => false })?.slots[0]?.problem).toBe(
      'not_targeted',
    )
  })

  test('measures an item as AWS says, numbers on the safe side, alike in both forms', () => {
    const marshalled = {
      s: { S: 'é' },
      n: { N: '7' },
      b: { B: new Uint8Array(5) },
      f: { BOOL: false },
      z: { NULL: true },
      l: { L: [{ S: 'ab' }, { N: '1' }] },
      m: { M: { k: { S: 'v' }, e: { L: [] } } },
      ss: { SS: ['a', 'bc'] },
      ns: { NS: ['1', '2'] },
    }
    const plain = {
      s: 'é',
      n: 7,
      b: new Uint8Array(5),
      f: false,
      z: null,
      l: ['ab', 1],
      m: { k: 'v', e: [] },
      ss: new Set(['a', 'bc']),
      ns: new Set([1, 2]),
    }
    const sizeBytes =
      1 + 2 + 1 + 21 + 1 + 5 + 1 + 1 + 1 + 1 + 1 + (3 + 2 + 2 + 21) + 1 + (3 + 2 + 1 + 1 + 1 + 3) + 5 + 44
    expect(itemSize(marshalled)).toBe(sizeBytes)
    expect(itemSize(plain)).toBe(sizeBytes)
    let deep: unknown = {}
    for (let level = 0; level < 100_000; level += 1) deep = [deep]
    expect(itemSize({ id: 'x', deep })).toBeGreaterThanOrEqual(400 * 1024)
  })
})

describe('A stamped DynamoDB client', () => {
  const canary = tokenFor('canary')
  const inScope = (send: () => Promise<unknown>, token = canary) =>
    withHonouredDecisions(send, { flags, keys })({ _waybill: token })

  test('stamps plain items of the document client, as it stamps its own', async () => {
    const { client, sent } = withoutNetwork(stampClient(new DynamoDBClient(region), { to: [TABLE] }))
    const documents = DynamoDBDocumentClient.from(client)
    const order = Object.freeze({ id: KEY, total: 12, tags: new Set(['a']), nested: { S: 'not a type' } })
    await inScope(async () => {
      await client.send(new PutItemCommand({ TableName: TABLE, Item: { id: { S: KEY } } }))
      await documents.send(new PutCommand({ TableName: TABLE, Item: order }))
      await documents.send(new BatchWriteCommand({ RequestItems: { [TABLE]: [{ PutRequest: { Item: order } }] } }))
      await documents.send(new TransactWriteCommand({ TransactItems: [{ Put: { TableName: TABLE, Item: order } }] }))
    })
    expect(sent[0]?.input.Item).toEqual({ id: { S: KEY }, _waybill: { S: canary } })
    const marshalled = {
      id: { S: KEY },
      total: { N: '12' },
      tags: { SS: ['a'] },
      nested: { M: { S: { S: 'not a type' } } },
      _waybill: { S: canary },
    }
    expect(sent[1]?.input.Item).toEqual(marshalled)
    expect(sent[2]?.input.RequestItems[TABLE][0].PutRequest.Item).toEqual(marshalled)
    expect(sent[3]?.input.TransactItems[0].Put.Item).toEqual(marshalled)
    expect(order).not.toHaveProperty('_waybill')
  })

  test('stamps an item that waited with the decisions that it was bound to', async () => {
    const { client, sent } = withoutNetwork(stampClient(new DynamoDBClient(region), { to: [TABLE] }))
    const documents = DynamoDBDocumentClient.from(client)
    const control = tokenFor('control')
    let waiting = { TableName: TABLE, Item: { id: KEY } }
    await inScope(async () => {
      waiting = bindWaybill(waiting)
    })
    await inScope(() => documents.send(new PutCommand(waiting)), control)
    expect(sent[0]?.input.Item._waybill).toEqual({ S: canary })
  })

  test('stamps a transaction to which the SDK itself will give a ClientRequestToken', async () => {
    const { client, sent } = withoutNetwork(stampClient(new DynamoDBClient(region), { to: [TABLE] }))
    const documents = DynamoDBDocumentClient.from(client)
    const TransactItems = [{ Put: { TableName: TABLE, Item: { id: KEY } } }]
    await inScope(() => documents.send(new TransactWriteCommand({ TransactItems })))
    expect(JSON.parse(sent[0]?.body ?? '')).toMatchObject({
      ClientRequestToken: expect.any(String),
      TransactItems: [{ Put: { Item: { _waybill: { S: canary } } } }],
    })
  })
})
