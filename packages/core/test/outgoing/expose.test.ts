import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { FirehoseClient, PutRecordCommand as PutToFirehoseCommand } from '@aws-sdk/client-firehose'
import { KinesisClient, PutRecordCommand } from '@aws-sdk/client-kinesis'
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn'
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns'
import { SendMessageBatchCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { describe, expect, it } from 'vitest'
import { arrivals } from '../../src/carriers/arrivals.ts'
import { createWaybill, sealToken, stampClient, withHonouredDecisions } from '../../src/index.ts'
import { eventOf, withRecord } from '../fixtures/events.ts'
import { countsOf, flags, keys, watching } from '../support/fixtures.ts'
import { region, withoutNetwork } from '../support/sending.ts'

const QueueUrl = 'https://sqs.eu-west-1.amazonaws.com/123456789012/orders'

function tokenOf(variations: Readonly<Record<string, string>>): string {
  const decisions = Object.entries(variations).map(([flag, variation]) => ({ flag, variation, value: variation }))
  return sealToken(createWaybill({ decisions }), keys).token ?? ''
}
const token = tokenOf({ flow: 'canary', size: 'größe', other: 'x' })

async function inScope(send: () => Promise<unknown>, text = token): Promise<Record<string, number>> {
  const { reports, observer } = watching()
  await withHonouredDecisions(send, { flags, keys, observers: [observer] })({ _waybill: text })
  return countsOf(reports)
}

const expose = ['flow', 'absent', 'size']
const shown = '"_waybill_flags":{"flow":"canary","size":"gr\\u00f6\\u00dfe"}'
const stamp = `,${shown},"_waybill":"${token}"`
const attribute = (StringValue: string) => ({ DataType: 'String', StringValue })
const exposedAttributes = { 'waybill.flag.flow': attribute('canary'), 'waybill.flag.size': attribute('größe') }

describe('a client that shows variations to filters', () => {
  it('adds one readable attribute for each flag on SQS and SNS, beside the token', async () => {
    const sqs = withoutNetwork(stampClient(new SQSClient(region), { expose }))
    const sns = withoutNetwork(stampClient(new SNSClient(region), { expose }))
    const counts = await inScope(async () => {
      await sqs.client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }))
      await sns.client.send(new PublishCommand({ TopicArn: 'arn:aws:sns:eu-west-1:1:t', Message: 'm' }))
    })
    expect(sqs.sent[0]?.input.MessageAttributes).toEqual({ ...exposedAttributes, waybill: attribute(token) })
    expect(sns.sent[0]?.input.MessageAttributes).toEqual({
      ...exposedAttributes,
      waybill: { DataType: 'Binary', BinaryValue: Buffer.from(token) },
    })
    expect(counts).toEqual({})
  })

  it('adds one readable field in bodies and items, before the token', async () => {
    const to = ['t']
    const kinesis = withoutNetwork(stampClient(new KinesisClient(region), { to, expose }))
    const firehose = withoutNetwork(stampClient(new FirehoseClient(region), { to, expose }))
    const events = withoutNetwork(stampClient(new EventBridgeClient(region), { to, expose }))
    const sfn = withoutNetwork(stampClient(new SFNClient(region), { to: [/t$/], expose }))
    const lambda = withoutNetwork(stampClient(new LambdaClient(region), { to, expose }))
    const dynamodb = withoutNetwork(stampClient(new DynamoDBClient(region), { to, expose }))
    const Data = Buffer.from('{"a":"é"}\n')
    const counts = await inScope(async () => {
      await kinesis.client.send(new PutRecordCommand({ StreamName: 't', PartitionKey: 'p', Data }))
      await firehose.client.send(new PutToFirehoseCommand({ DeliveryStreamName: 't', Record: { Data } }))
      const entry = { EventBusName: 't', Source: 's', DetailType: 'd', Detail: '{"a":1}' }
      await events.client.send(new PutEventsCommand({ Entries: [entry] }))
      await sfn.client.send(new StartExecutionCommand({ stateMachineArn: 'arn:aws:states:x:1:stateMachine:t' }))
      await lambda.client.send(new InvokeCommand({ FunctionName: 't', InvocationType: 'Event' }))
      await dynamodb.client.send(new PutItemCommand({ TableName: 't', Item: { id: { S: 'o-1' } } }))
    })
    expect(String(kinesis.sent[0]?.input.Data)).toBe(`{"a":"é"${stamp}}\n`)
    expect(String(firehose.sent[0]?.input.Record.Data)).toBe(`{"a":"é"${stamp}}\n`)
    expect(events.sent[0]?.input.Entries[0].Detail).toBe(`{"a":1${stamp}}`)
    expect(sfn.sent[0]?.input.input).toBe(`{${stamp.slice(1)}}`)
    expect(String(lambda.sent[0]?.input.Payload)).toBe(`{${stamp.slice(1)}}`)
    expect(dynamodb.sent[0]?.input.Item).toEqual({
      id: { S: 'o-1' },
      _waybill: { S: token },
      _waybill_flags: { M: { flow: { S: 'canary' }, size: { S: 'größe' } } },
    })
    expect(counts).toEqual({})
  })

  it('shows nothing where there is no token, nor in a client context, which nobody filters', async () => {
    const lambda = withoutNetwork(stampClient(new LambdaClient(region), { expose }))
    const sqs = withoutNetwork(stampClient(new SQSClient(region), { to: ['other'], expose }))
    await sqs.client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }))
    const counts = await inScope(async () => {
      await lambda.client.send(new InvokeCommand({ FunctionName: 'f', Payload: Buffer.from('{}') }))
      await sqs.client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }))
    })
    expect(String(lambda.sent[0]?.input.Payload)).toBe('{}')
    for (const { input } of sqs.sent) expect(input.MessageAttributes).toBeUndefined()
    expect(counts).toEqual({ not_targeted: 1 })
  })

  it.each([
    [7, 3, { flow: true, size: true }, {}],
    [8, 2, { flow: true, size: false }, { unexposed: 1 }],
    [9, 1, { flow: false, size: false }, { unexposed: 2 }],
    [10, 0, { flow: false, size: false }, { attributes_full: 1 }],
  ])(
    'never takes the place of the token, nor of a tenth attribute: with %i of the caller',
    async (own, ours, which, counted) => {
      const { client, sent } = withoutNetwork(stampClient(new SQSClient(region), { expose }))
      const MessageAttributes = Object.fromEntries(
        Array.from({ length: own }, (_, index) => [`a${index}`, attribute('x')]),
      )
      const counts = await inScope(() =>
        client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x', MessageAttributes })),
      )
      const names = Object.keys(sent[0]?.input.MessageAttributes)
      expect(names.length).toBe(own + ours)
      expect(names.includes('waybill')).toBe(own < 10)
      expect({ flow: names.includes('waybill.flag.flow'), size: names.includes('waybill.flag.size') }).toEqual(which)
      expect(counts).toEqual(counted)
    },
  )

  it('never takes the bytes of a token: the tokens of a whole batch come first', async () => {
    const tokenBytes = token.length + 'waybillString'.length
    const flowBytes = 'waybill.flag.flow'.length + 'String'.length + 'canary'.length
    const send = async (spareBytes: number) => {
      const { client, sent } = withoutNetwork(stampClient(new SQSClient(region), { expose: ['flow'] }))
      const MessageBody = 'x'.repeat((1_048_576 - 2 * tokenBytes - spareBytes) / 2)
      const Entries = ['a', 'b'].map((Id) => ({ Id, MessageBody }))
      const counts = await inScope(() => client.send(new SendMessageBatchCommand({ QueueUrl, Entries })))
      return {
        counts,
        sent: sent[0]?.input.Entries.map((one: object) => Object.keys((one as never)['MessageAttributes'])),
      }
    }
    const [one, both] = [['waybill'], ['waybill.flag.flow', 'waybill']]
    const even = flowBytes + (flowBytes % 2)
    expect(await send(0)).toEqual({ counts: { unexposed: 2 }, sent: [one, one] })
    expect(await send(even - 2)).toEqual({ counts: { unexposed: 2 }, sent: [one, one] })
    expect(await send(even)).toEqual({ counts: { unexposed: 1 }, sent: [both, one] })
    expect(await send(2 * even)).toEqual({ counts: {}, sent: [both, both] })
  })

  it('leaves what the caller has of that name, and what no filter could name', async () => {
    const { client, sent } = withoutNetwork(stampClient(new SQSClient(region), { expose: ['flow'] }))
    const send =
      (MessageAttributes = {}) =>
      () =>
        client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x', MessageAttributes }))
    expect(await inScope(send({ 'waybill.flag.flow': attribute('mine') }))).toEqual({ unexposed: 1 })
    expect(sent[0]?.input.MessageAttributes['waybill.flag.flow']).toEqual(attribute('mine'))
    for (const variation of ['["a"]', '{"a":1}', '"a"', 'a\u0000', 'x'.repeat(300)]) {
      expect(await inScope(send(), tokenOf({ flow: variation }))).toEqual({ unexposed: 1 })
      expect(Object.keys(sent.at(-1)?.input.MessageAttributes)).toEqual(['waybill'])
    }
  })

  it('refuses flags that no attribute could be named after, at set-up', () => {
    for (const bad of ['flow', [''], ['a b'], ['a..b'], ['.a'], ['é'], [1], ['a', 'a'], ['a'.repeat(241)]]) {
      expect(() => stampClient(new SQSClient(region), { expose: bad as never })).toThrow(/`expose` must be a list/)
    }
  })
})

describe('what filters saw', () => {
  const inBody = `{"orderId":"o-1",${shown},"_waybill":"wb1.a"}`
  const bare = '{"orderId":"o-1"}'
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  const attributesIn = (more: object) =>
    withRecord('sqs', (record) => ({
      ...record,
      messageAttributes: { ...(record['messageAttributes'] as object), ...more },
    }))
  const envelope = (attributes: object): string =>
    JSON.stringify({ Type: 'Notification', TopicArn: 't', Message: 'm', MessageAttributes: attributes })
  const bodyOf = (body: string) => withRecord('sqs', (record) => ({ ...record, body }))
  const records = (change: object) => ({
    Records: [{ ...(eventOf('dynamodb-stream')['Records'] as [object])[0], dynamodb: { NewImage: change } }],
  })
  it.each<[string, unknown, unknown]>([
    [
      'attributes of a queue',
      attributesIn({
        waybill: { stringValue: 'wb1.a', dataType: 'String' },
        'waybill.flag.flow': { stringValue: 'canary', dataType: 'String' },
      }),
      attributesIn({}),
    ],
    [
      'attributes in an SNS envelope',
      bodyOf(
        envelope({
          'waybill.flag.flow': { Type: 'String', Value: 'canary' },
          kind: { Type: 'String', Value: 'x' },
          waybill: { Type: 'Binary', Value: base64('wb1.a') },
        }),
      ),
      bodyOf(envelope({ kind: { Type: 'String', Value: 'x' } })),
    ],
    [
      'attributes alone in an SNS envelope',
      bodyOf(
        envelope({
          waybill: { Type: 'Binary', Value: base64('wb1.a') },
          'waybill.flag.flow': { Type: 'String', Value: 'canary' },
        }),
      ),
      bodyOf(JSON.stringify({ Type: 'Notification', TopicArn: 't', Message: 'm' })),
    ],
    ['a field in a body', bodyOf(inBody), bodyOf(bare)],
    [
      'a field in a record',
      { records: [{ recordId: 'r', data: base64(inBody) }] },
      { records: [{ recordId: 'r', data: base64(bare) }] },
    ],
    [
      'a field in an event',
      { 'detail-type': 'x', detail: JSON.parse(inBody) },
      { 'detail-type': 'x', detail: JSON.parse(bare) },
    ],
    ['a field in a payload', JSON.parse(inBody), JSON.parse(bare)],
    [
      'an attribute of an item',
      records({ id: { S: 'o-1' }, _waybill_flags: { M: {} }, _waybill: { S: 'wb1.a' } }),
      records({ id: { S: 'o-1' } }),
    ],
  ])('does not reach the handler: %s', (_, event, clean) => {
    const found = arrivals(event)
    expect(found.event).toEqual(clean)
    expect(found.kind === 'single' ? found.tokens : [...found.tokensById.values()].flat()).toEqual(['wb1.a'])
  })

  it('does not reach the handler where no token came with it', () => {
    const alone = `{"orderId":"o-1",${shown}}`
    expect(arrivals(bodyOf(alone)).event).toEqual(bodyOf(bare))
    expect(arrivals(JSON.parse(alone)).event).toEqual(JSON.parse(bare))
  })
})
