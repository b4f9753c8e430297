import { KinesisClient, PutRecordCommand } from '@aws-sdk/client-kinesis'
import { PublishBatchCommand, PublishCommand, SNSClient } from '@aws-sdk/client-sns'
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { describe, expect, test } from 'vitest'
import { extractTokens, stampClient, stampFetch, withHonouredDecisions, withRecordScope } from '../../src/index.ts'
import { eventOf, withRecord } from '../fixtures/events.ts'
import { countsOf, flags, httpEvent, keys, kinesisRecord, watching } from '../support/fixtures.ts'
import { region, withoutNetwork } from '../support/sending.ts'
import { tokenFor } from '../support/tokens.ts'

/*
 * What users of other libraries that propagate something ran into, each with where it was reported. Definitions of Step
 * Functions that drop the token, and filter policies, are tried on engines: examples/recipes/test.
 */

const QueueUrl = 'https://sqs.eu-west-1.amazonaws.com/123456789012/orders'
const TopicArn = 'arn:aws:sns:eu-west-1:123456789012:orders'
const [control, canary] = [tokenFor('control'), tokenFor('canary')]
const attribute = (StringValue: string) => ({ DataType: 'String', StringValue })

async function inScope(send: (event: Record<string, unknown>) => unknown, event: object = {}): Promise<object> {
  const { reports, observer } = watching()
  const handler = withHonouredDecisions(send, { flags, keys, observers: [observer] })
  await handler({ _waybill: canary, ...event })
  return countsOf(reports)
}

describe('A message', () => {
  // https://github.com/DataDog/dd-trace-js/issues/1094
  test('with ten attributes is sent with ten: an eleventh would make the send fail', async () => {
    const { client, sent } = withoutNetwork(stampClient(new SQSClient(region)))
    const names = Array.from({ length: 10 }, (_, index) => [`a${index}`, attribute('x')])
    const MessageAttributes = Object.fromEntries(names)
    const send = () => client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x', MessageAttributes }))
    expect(await inScope(send)).toEqual({ attributes_full: 1 })
    expect(sent[0]?.input.MessageAttributes).toEqual(MessageAttributes)
  })

  // https://github.com/DataDog/dd-trace-dotnet/issues/4499
  test('of 256 KiB is sent as large as it was: a byte more would make the send fail', async () => {
    const { client, sent } = withoutNetwork(stampClient(new SNSClient(region)))
    const Message = 'x'.repeat(256 * 1024)
    expect(await inScope(() => client.send(new PublishCommand({ TopicArn, Message })))).toEqual({ no_room: 1 })
    expect(sent[0]?.input).toEqual({ TopicArn, Message })
  })

  // https://github.com/DataDog/serverless-plugin-datadog/issues/232
  test('on SNS has no text attribute more, which filter policies would try to read', async () => {
    const { client, sent } = withoutNetwork(stampClient(new SNSClient(region)))
    await inScope(() => client.send(new PublishCommand({ TopicArn, Message: 'x' })))
    expect(Object.values(sent[0]?.input.MessageAttributes as object).map(({ DataType }) => DataType)).toEqual([
      'Binary',
    ])
  })

  // https://github.com/getndazn/dazn-lambda-powertools/issues/297
  test('in a batch of SNS is stamped like any other', async () => {
    const { client, sent } = withoutNetwork(stampClient(new SNSClient(region)))
    const PublishBatchRequestEntries = ['a', 'b'].map((Id) => ({ Id, Message: Id }))
    await inScope(() => client.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries })))
    const entries = sent[0]?.input.PublishBatchRequestEntries as { MessageAttributes: object }[]
    expect(entries.map(({ MessageAttributes }) => Object.keys(MessageAttributes))).toEqual([['waybill'], ['waybill']])
  })

  // https://github.com/DataDog/dd-trace-dotnet/issues/3044
  test('forwarded with all attributes that came carries one token, that of its own record', async () => {
    const { client, sent } = withoutNetwork(stampClient(new SQSClient(region)))
    const record = (id: string, token: string) => ({
      ...(eventOf('sqs')['Records'] as [object])[0],
      messageId: id,
      messageAttributes: {
        kind: { stringValue: 'order', dataType: 'String' },
        waybill: { stringValue: token, dataType: 'String' },
      },
    })
    const forward = withRecordScope(async (one: ReturnType<typeof record>) => {
      const all = Object.entries(one.messageAttributes).map(([name, { stringValue }]) => [name, attribute(stringValue)])
      await client.send(
        new SendMessageCommand({ QueueUrl, MessageBody: one.messageId, MessageAttributes: Object.fromEntries(all) }),
      )
    })
    const Records = [record('a', control), record('b', canary)]
    await withHonouredDecisions(
      (event: { Records: typeof Records }) => Promise.all(event.Records.map((one) => forward(one))),
      { flags, keys },
    )({ Records })
    for (const { input } of sent) {
      const token = input.MessageBody === 'a' ? control : canary
      expect(input.MessageAttributes).toEqual({ kind: attribute('order'), waybill: attribute(token) })
    }
    expect(sent.length).toBe(2)
  })

  // https://github.com/DataDog/datadog-lambda-js/issues/579, https://github.com/getndazn/dazn-lambda-powertools/issues/23
  test('that came over SNS to a queue is read raw and in its envelope', () => {
    const Value = Buffer.from(canary).toString('base64')
    const raw = withRecord('sns-sqs-raw', (record) => ({
      ...record,
      messageAttributes: { waybill: { binaryValue: Value, dataType: 'Binary' } },
    }))
    const envelope = {
      Type: 'Notification',
      TopicArn,
      Message: 'x',
      MessageAttributes: { waybill: { Type: 'Binary', Value } },
    }
    const enveloped = withRecord('sqs', (record) => ({ ...record, body: JSON.stringify(envelope) }))
    expect([extractTokens(raw), extractTokens(enveloped)]).toEqual([[canary], [canary]])
  })
})

describe('An event', () => {
  // dazn-lambda-powertools looked for `httpMethod` at the top, and for headers by the case in which it had sent them.
  test.each([
    ['http-api-v2', 'x-waybill'],
    ['function-url', 'X-Waybill'],
    ['rest-api-v1', 'X-WAYBILL'],
    ['alb', 'x-Waybill'],
  ])('of HTTP is read with or without a method at its top, and its header in any case: %s, %s', (name, header) => {
    const { multiValueHeaders: _, ...event } = eventOf(name)
    expect(extractTokens({ ...event, headers: { [header]: canary } })).toEqual([canary])
  })

  // dazn-lambda-powertools read Records[0] of SNS.
  test('of SNS with more than one record, should there ever be one, has each record read', () => {
    const [record] = eventOf('sns')['Records'] as [{ Sns: object }]
    const withToken = (id: string, token: string) => ({
      ...record,
      Sns: { ...record.Sns, MessageId: id, MessageAttributes: { waybill: { Type: 'String', Value: token } } },
    })
    expect(extractTokens({ Records: [withToken('a', control), withToken('b', canary)] })).toEqual([control, canary])
  })

  // dazn-lambda-powertools made `undefined` of it.
  test('whose Kinesis record is no JSON reaches the handler as it came', async () => {
    const Records = [kinesisRecord(1, 'not { json'), kinesisRecord(2, `{"id":1,"_waybill":"${canary}"}`)]
    const seen: unknown[] = []
    const onRecord = withRecordScope(
      async (record: Record<string, unknown>) => void seen.push([record, flags.get('new-order-flow')]),
    )
    await withHonouredDecisions(
      async (event: { Records: Record<string, unknown>[] }) => {
        for (const record of event.Records) await onRecord(record)
      },
      { flags, keys },
    )({ Records })
    expect(seen).toEqual([
      [Records[0], false],
      [kinesisRecord(2, '{"id":1}'), true],
    ])
  })

  // OpenTelemetry's Lambda instrumentation drops baggage that has no traceparent.
  test('without any trace header is honoured', async () => {
    const handler = withHonouredDecisions(() => flags.get('new-order-flow'), { flags, keys })
    expect(await handler(httpEvent({ 'x-waybill': canary }))).toBe(true)
  })

  // https://github.com/open-telemetry/opentelemetry-js/security/advisories/GHSA-8988-4f7v-96qf
  test('with a header of any length is served, and no more than 8 KiB of token are looked at or passed on', async () => {
    const { client, sent } = withoutNetwork(stampClient(new SQSClient(region)))
    const { reports, observer } = watching()
    const handler = withHonouredDecisions(() => client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' })), {
      flags,
      keys,
      observers: [observer],
    })
    await handler(httpEvent({ 'x-waybill': canary + 'a'.repeat(1_000_000) }))
    expect(countsOf(reports)).toEqual({ oversize: 1 })
    expect(sent[0]?.input.MessageAttributes).toBeUndefined()
  })
})

describe('A payload', () => {
  // dazn-lambda-powertools sent `{ __context__, ...payload }`, which makes an object of a list.
  test('that is a list stays one', async () => {
    const { client, sent } = withoutNetwork(stampClient(new KinesisClient(region), { to: ['s'] }))
    const Data = Buffer.from('[{"id":1}]')
    const counts = await inScope(() => client.send(new PutRecordCommand({ StreamName: 's', PartitionKey: 'p', Data })))
    expect(String(sent[0]?.input.Data)).toBe('[{"id":1}]')
    expect(counts).toEqual({ uncarried: 1 })
  })

  // And let a `__context__` win that had come in the payload, and was an earlier request's.
  test('that is made of what came does not bring an earlier stamp along', async () => {
    const { client, sent } = withoutNetwork(stampClient(new KinesisClient(region), { to: ['s'] }))
    const pass = (event: Record<string, unknown>) => {
      const Data = Buffer.from(JSON.stringify({ ...event, passed: true }))
      return client.send(new PutRecordCommand({ StreamName: 's', PartitionKey: 'p', Data }))
    }
    await inScope(pass, { id: 1, _waybill_flags: { 'new-order-flow': 'control' } })
    expect(String(sent[0]?.input.Data)).toBe(`{"id":1,"passed":true,"_waybill":"${canary}"}`)
  })

  // https://github.com/open-telemetry/opentelemetry-specification/issues/3957
  test('goes to third parties without a token, unless they are named', async () => {
    const seen: (string | null)[] = []
    const fetch = stampFetch(
      async (_, init) => {
        seen.push(new Headers(init?.headers).get('x-waybill'))
        return new Response('ok')
      },
      { propagateTo: ['https://prices.internal'] },
    )
    await inScope(async () => {
      for (const url of [
        'https://vendor.example',
        'https://prices.internal.vendor.example',
        'https://prices.internal/q',
      ]) {
        await fetch(url)
      }
    })
    expect(seen).toEqual([null, null, canary])
  })
})
