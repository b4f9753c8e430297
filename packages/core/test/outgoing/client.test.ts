import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import {
  FirehoseClient,
  PutRecordBatchCommand,
  PutRecordCommand as PutToFirehoseCommand,
} from '@aws-sdk/client-firehose'
import { KinesisClient, PutRecordCommand, PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn'
import { PublishBatchCommand, PublishCommand, SNSClient } from '@aws-sdk/client-sns'
import { ListQueuesCommand, SendMessageBatchCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { beforeEach, describe, expect, it } from 'vitest'
import { bindWaybill, openToken, stampClient, withHonouredDecisions, withRecordScope } from '../../src/index.ts'
import { processLedger } from '../../src/ledger.ts'
import { countsOf, flags, httpEvent, keys, kinesisRecord, watching } from '../support/fixtures.ts'
import { region, withoutNetwork } from '../support/sending.ts'
import { tokenFor } from '../support/tokens.ts'

beforeEach(() => void processLedger.drain())

const QueueUrl = 'https://sqs.eu-west-1.amazonaws.com/123456789012/orders'
const canary = tokenFor('canary')

/** Runs `send` in the scope of a request that came with the canary's token; answers what was counted. */
async function inScope(
  send: () => Promise<unknown>,
  token: string | undefined = canary,
): Promise<Record<string, number>> {
  const { reports, observer } = watching()
  await withHonouredDecisions(send, { flags, keys, observers: [observer] })(
    httpEvent(token === '' ? {} : { 'x-waybill': token }),
  )
  return countsOf(reports)
}

describe('a stamped client, real but for the network', () => {
  it('forwards the very token that came in', async () => {
    const { client, sent } = withoutNetwork(stampClient(new SQSClient(region)))
    expect(await inScope(() => client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' })))).toEqual({})
    expect(sent[0]?.input.MessageAttributes).toEqual({ waybill: { DataType: 'String', StringValue: canary } })
    expect(sent[0]?.body).toContain(canary)
  })

  it('stamps every entry of a batch, on SQS and SNS', async () => {
    const sqs = withoutNetwork(stampClient(new SQSClient(region)))
    const sns = withoutNetwork(stampClient(new SNSClient(region)))
    await inScope(async () => {
      const Entries = ['a', 'b'].map((Id) => ({ Id, MessageBody: Id }))
      await sqs.client.send(new SendMessageBatchCommand({ QueueUrl, Entries }))
      await sns.client.send(new PublishCommand({ TopicArn: 'arn:aws:sns:eu-west-1:1:t', Message: 'm' }))
      await sns.client.send(
        new PublishBatchCommand({
          TopicArn: 'arn:aws:sns:eu-west-1:1:t',
          PublishBatchRequestEntries: [{ Id: '1', Message: 'm' }],
        }),
      )
    })
    for (const entry of sqs.sent[0]?.input.Entries ?? [])
      expect(entry.MessageAttributes.waybill.StringValue).toBe(canary)
    for (const attributes of [
      sns.sent[0]?.input.MessageAttributes,
      sns.sent[1]?.input.PublishBatchRequestEntries[0].MessageAttributes,
    ]) {
      expect(Buffer.from(attributes.waybill.BinaryValue).toString()).toBe(canary)
    }
  })

  it('stamps bodies only of the targets that are named, and counts the rest', async () => {
    const Data = Buffer.from('{"id":1}')
    const named = withoutNetwork(stampClient(new KinesisClient(region), { to: ['order-events'] }))
    const send = (StreamName: string) => () =>
      named.client.send(new PutRecordCommand({ StreamName, PartitionKey: 'p', Data }))
    expect(await inScope(send('order-events'))).toEqual({})
    expect(await inScope(send('other'))).toEqual({ not_targeted: 1 })
    expect(Buffer.from(named.sent[0]?.input.Data).toString()).toBe(`{"id":1,"_waybill":"${canary}"}`)
    expect(Buffer.from(named.sent[1]?.input.Data).toString()).toBe('{"id":1}')
    expect(Data.toString()).toBe('{"id":1}')
  })

  it('reaches Lambda both ways, EventBridge and Step Functions', async () => {
    const lambda = withoutNetwork(stampClient(new LambdaClient(region), { to: ['fraud-check'] }))
    const events = withoutNetwork(stampClient(new EventBridgeClient(region), { to: ['orders'] }))
    const sfn = withoutNetwork(stampClient(new SFNClient(region), { to: [/:stateMachine:orders$/] }))
    const stateMachineArn = 'arn:aws:states:eu-west-1:1:stateMachine:orders'
    const counts = await inScope(async () => {
      await lambda.client.send(new InvokeCommand({ FunctionName: 'fraud-check', Payload: Buffer.from('{"a":1}') }))
      await lambda.client.send(
        new InvokeCommand({
          FunctionName: 'arn:aws:lambda:eu-west-1:1:function:fraud-check',
          InvocationType: 'Event',
          Payload: Buffer.from('{"a":1}'),
        }),
      )
      await events.client.send(
        new PutEventsCommand({
          Entries: [{ EventBusName: 'orders', Source: 's', DetailType: 't', Detail: '{"a":1}' }],
        }),
      )
      await sfn.client.send(new StartExecutionCommand({ stateMachineArn, input: '{"a":1}' }))
      await sfn.client.send(new StartExecutionCommand({ stateMachineArn, input: '{"a":1}', name: 'once' }))
    })
    const stamped = `{"a":1,"_waybill":"${canary}"}`
    const context = JSON.parse(Buffer.from(lambda.sent[0]?.input.ClientContext, 'base64').toString())
    expect(context.custom.waybill).toBe(canary)
    expect(lambda.sent[1]?.body).toBe(stamped)
    expect(events.sent[0]?.input.Entries[0].Detail).toBe(stamped)
    expect(sfn.sent.map((one) => one.input.input)).toEqual([stamped, '{"a":1}'])
    expect(counts).toEqual({ named_execution: 1 })
  })

  it('reaches Firehose, whose commands are named like those of Kinesis', async () => {
    const { client, sent } = withoutNetwork(stampClient(new FirehoseClient(region), { to: ['archive'] }))
    const Data = Buffer.from('{"a":1}\n')
    const counts = await inScope(async () => {
      await client.send(new PutToFirehoseCommand({ DeliveryStreamName: 'archive', Record: { Data } }))
      await client.send(
        new PutRecordBatchCommand({
          DeliveryStreamName: 'archive',
          Records: [{ Data }, { Data: Buffer.from('a,b\n') }],
        }),
      )
      await client.send(new PutToFirehoseCommand({ DeliveryStreamName: 'vendor', Record: { Data } }))
    })
    const stamped = `{"a":1,"_waybill":"${canary}"}\n`
    expect(String(sent[0]?.input.Record.Data)).toBe(stamped)
    expect(sent[1]?.input.Records.map((record: { Data: Uint8Array }) => String(record.Data))).toEqual([
      stamped,
      'a,b\n',
    ])
    expect(String(sent[2]?.input.Record.Data)).toBe('{"a":1}\n')
    expect(counts).toEqual({ uncarried: 1, not_targeted: 1 })
  })

  it('leaves a frozen input as it is, a taken slot to its owner, and ten attributes alone', async () => {
    const { client, sent } = withoutNetwork(stampClient(stampClient(new SQSClient(region))))
    const attribute = { DataType: 'String', StringValue: 'x' }
    const ten = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`a${index}`, attribute]))
    const own = { waybill: { DataType: 'String', StringValue: 'mine' } }
    const inputs = [{}, { MessageAttributes: Object.freeze(own) }, { MessageAttributes: ten }].map((more) =>
      Object.freeze({ QueueUrl, MessageBody: 'x', ...more }),
    )
    const counts = await inScope(async () => {
      for (const input of inputs) await client.send(new SendMessageCommand(input))
    })
    expect(sent.map((one) => Object.keys(one.input.MessageAttributes).length)).toEqual([1, 1, 10])
    expect(sent[1]?.input.MessageAttributes.waybill.StringValue).toBe('mine')
    expect(counts).toEqual({ already_stamped: 1, attributes_full: 1 })
  })

  it('sends what cannot carry a token as it was, and counts it', async () => {
    const { client, sent } = withoutNetwork(stampClient(new KinesisClient(region), { to: ['s'] }))
    const bodies = [
      Buffer.from([0, 255, 1]),
      Buffer.from('[1]'),
      Buffer.from('{"a":1}\n{"b":2}'),
      Buffer.from('{"ok":1}\n'),
    ]
    const counts = await inScope(() =>
      client.send(
        new PutRecordsCommand({ StreamName: 's', Records: bodies.map((Data) => ({ Data, PartitionKey: 'p' })) }),
      ),
    )
    const records = sent[0]?.input.Records.map((record: { Data: Uint8Array }) => Buffer.from(record.Data))
    expect(records.slice(0, 3)).toEqual(bodies.slice(0, 3))
    expect(records[3].toString()).toBe(`{"ok":1,"_waybill":"${canary}"}\n`)
    expect(counts).toEqual({ uncarried: 3 })
  })

  it('does nothing outside a scope, nor where nothing was decided', async () => {
    const { client, sent } = withoutNetwork(stampClient(new SQSClient(region)))
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }))
    expect(await inScope(() => client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' })), '')).toEqual({
      no_token: 1,
    })
    await inScope(() => client.send(new ListQueuesCommand({})))
    for (const one of sent) expect(one.input.MessageAttributes).toBeUndefined()
  })

  it('forwards a token of a newer format unread, and drops a refused one', async () => {
    const { client, sent } = withoutNetwork(stampClient(new SQSClient(region)))
    const send = () => client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }))
    const newer = canary.replace('wb1', 'wb2')
    await inScope(send, newer)
    await inScope(send, `${canary}x`)
    expect(sent[0]?.input.MessageAttributes.waybill.StringValue).toBe(newer)
    expect(sent[1]?.input.MessageAttributes).toBeUndefined()
  })

  it('refuses a client that carries nothing, and bad targets, at set-up', () => {
    expect(() => stampClient({ ...new SQSClient(region), config: { serviceId: 'S3' } } as never)).toThrow(
      /S3 carries no token/,
    )
    expect(() => stampClient({} as never)).toThrow(/must be an AWS SDK v3 client/)
    expect(() => stampClient(new SQSClient(region), { to: 'orders' as never })).toThrow(/`to` must be a list/)
  })
})

describe('a buffer shared by the records of a batch', () => {
  const run = async (bind: <T extends object>(entry: T) => T): Promise<string[]> => {
    const { client, sent } = withoutNetwork(stampClient(new KinesisClient(region), { to: ['out'] }))
    const buffer: { Data: Uint8Array; PartitionKey: string }[] = []
    const onRecord = withRecordScope(async (record: Record<string, unknown>) => {
      buffer.push({ ...bind({ Data: Buffer.from('{}'), PartitionKey: String(record['eventID']) }) })
      if (buffer.length === 3) await client.send(new PutRecordsCommand({ StreamName: 'out', Records: buffer }))
    })
    const variations = ['control', 'canary', 'control'] as const
    const Records = variations.map((variation, id) => kinesisRecord(id, { _waybill: tokenFor(variation) }))
    await withHonouredDecisions(
      async (event: { Records: Record<string, unknown>[] }) => {
        for (const record of event.Records) await onRecord(record)
      },
      { flags, keys },
    )({ Records })
    return sent[0]?.input.Records.map((record: { Data: Uint8Array }) => {
      const opened = openToken(JSON.parse(Buffer.from(record.Data).toString())._waybill, keys)
      return 'waybill' in opened ? opened.waybill.decisions.get('new-order-flow')?.variation : opened.refusal
    })
  }

  it('stamps each bound entry with the waybill of the record that queued it', async () => {
    expect(await run(bindWaybill)).toEqual(['control', 'canary', 'control'])
  })

  it('unbound, every entry gets the waybill of whoever flushes: the trap that binding is for', async () => {
    expect(await run((entry) => entry)).toEqual(['control', 'control', 'control'])
  })
})
