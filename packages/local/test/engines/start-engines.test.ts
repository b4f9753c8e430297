import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { KinesisClient, ListStreamsCommand } from '@aws-sdk/client-kinesis'
import { ListStateMachinesCommand, SFNClient } from '@aws-sdk/client-sfn'
import { ListTopicsCommand, SNSClient } from '@aws-sdk/client-sns'
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type Engines, startEngines } from '../../src/engines/start-engines.ts'

const started: Engines[] = []

async function start(options: Parameters<typeof startEngines>[0]): Promise<Engines> {
  const engines = await startEngines(options)
  started.push(engines)
  for (const [name, value] of Object.entries(engines.env)) vi.stubEnv(name, value)
  return engines
}

const endpointsOf = (engines: Engines) =>
  Object.entries(engines.env).flatMap(([name, value]) => (name.startsWith('AWS_ENDPOINT_URL_') ? [value] : []))

afterEach(async () => {
  vi.unstubAllEnvs()
  for (const engines of started.splice(0)) await engines.close()
})

describe('startEngines', () => {
  test('serves default-constructed clients through its environment', async () => {
    await start({})
    const dynamodb = new DynamoDBClient()
    const kinesis = new KinesisClient()
    const sqs = new SQSClient()
    const sns = new SNSClient()
    const events = new EventBridgeClient()
    const sfn = new SFNClient()
    const entry = { Source: 'orders', DetailType: 'order_accepted', Detail: '{}' }
    expect((await dynamodb.send(new ListTablesCommand())).TableNames).toEqual([])
    expect((await kinesis.send(new ListStreamsCommand())).StreamNames).toEqual([])
    expect((await sqs.send(new ListQueuesCommand())).QueueUrls ?? []).toEqual([])
    expect((await sns.send(new ListTopicsCommand())).Topics ?? []).toEqual([])
    expect((await events.send(new PutEventsCommand({ Entries: [entry] }))).FailedEntryCount).toBe(0)
    await expect(sfn.send(new ListStateMachinesCommand())).rejects.toThrow('not emulated')
    for (const client of [dynamodb, kinesis, sqs, sns, events, sfn]) client.destroy()
  })

  test('starts only the services that were asked for', async () => {
    const engines = await start({ services: ['kinesis'] })
    expect(engines.dynamodb).toBeUndefined()
    expect(Object.keys(engines.env)).toEqual([
      'AWS_REGION',
      'AWS_ACCESS_KEY_ID',
      'AWS_SECRET_ACCESS_KEY',
      'AWS_ENDPOINT_URL_KINESIS',
    ])
  })

  test('puts every endpoint on loopback', async () => {
    for (const endpoint of endpointsOf(await start({}))) expect(new URL(endpoint).hostname).toBe('127.0.0.1')
  })

  test('closes every endpoint', async () => {
    const engines = await start({})
    await engines.close()
    for (const endpoint of endpointsOf(engines)) await expect(fetch(endpoint)).rejects.toThrow()
  })
})
