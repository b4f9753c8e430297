import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge'
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { dynamoDbAffectedUsers, dynamoDbFlagStore } from '@waybill/dynamodb'
import { type Engines, findDynoxide, type LocalCloudWatch, startCloudWatch, startEngines } from '@waybill/local'
import { rolloutController, rolloutOperator } from '@waybill/rollout'
import { cloudWatchMinutes } from '@waybill/rollout/cloudwatch'
import { eventBridgeEvents } from '@waybill/rollout/eventbridge'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createTables, FLAG, PLAN } from './tables.ts'

const root = resolve(import.meta.dirname, '../../../..')
const document = readFileSync(resolve(root, 'docs/rollout.md'), 'utf8')
const MINUTE = 60_000
const ADA = { who: 'ada', comment: 'first try' }

it('docs/rollout.md shows the function that is compiled and run here, to the letter', () => {
  const [, file = '', text = ''] = /```ts file=(\S+)\n(.*?)```/s.exec(document) ?? []
  expect(text).toBe(readFileSync(resolve(root, file), 'utf8'))
})

interface Statement {
  readonly Action: readonly string[]
  readonly Resource: string
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>
}
const policy = JSON.parse(/```json controller\n(.*?)```/s.exec(document)?.[1] ?? '[]') as readonly Statement[]
const keysOf = ({ Condition = {} }: Statement): readonly string[] =>
  Object.values(Condition).flatMap((condition) => condition['dynamodb:LeadingKeys'] ?? [])

const absent = findDynoxide() === undefined
if (absent) console.log('dynoxide is not there on this platform: the controller of docs/rollout.md is not run')

describe.skipIf(absent)('the controller of docs/rollout.md, on engines', () => {
  let engines: Engines
  let cloudWatch: LocalCloudWatch
  let dynamodb: DynamoDBClient
  let eventBridge: EventBridgeClient
  let sqs: SQSClient
  let QueueUrl: string | undefined

  beforeAll(async () => {
    engines = await startEngines({ services: ['dynamodb', 'sqs-sns', 'eventbridge'] })
    cloudWatch = await startCloudWatch()
    for (const [name, value] of Object.entries({ ...engines.env, AWS_ENDPOINT_URL_CLOUDWATCH: cloudWatch.endpoint })) {
      vi.stubEnv(name, value)
    }
    dynamodb = new DynamoDBClient({})
    eventBridge = new EventBridgeClient({})
    sqs = new SQSClient({})
    await createTables(dynamodb)
    QueueUrl = (await sqs.send(new CreateQueueCommand({ QueueName: 'pager' }))).QueueUrl
    const EventPattern = JSON.stringify({ source: ['waybill.rollout'], 'detail-type': ['Rollout Rolled Back'] })
    await eventBridge.send(new PutRuleCommand({ Name: 'pager', EventPattern }))
    const Arn = 'arn:aws:sqs:us-east-1:000000000000:pager'
    await eventBridge.send(new PutTargetsCommand({ Rule: 'pager', Targets: [{ Id: 'pager', Arn }] }))
  })
  afterAll(async () => {
    for (const client of [dynamodb, eventBridge, sqs]) client.destroy()
    await engines.close()
    await cloudWatch.close()
    vi.unstubAllEnvs()
  })

  /** As the functions write them. */
  function metricLine(atMs: number, values: Readonly<Record<string, readonly number[]>>): string {
    const Metrics = Object.keys(values).map((Name) => ({ Name, Unit: 'Count' }))
    const Dimensions = [['flag', 'service', 'variation']]
    const _aws = { Timestamp: atMs, CloudWatchMetrics: [{ Namespace: 'FeatureFlags', Dimensions, Metrics }] }
    return JSON.stringify({ _aws, flag: PLAN.flag, service: 'notify-user', variation: 'canary', ...values })
  }

  it('rolls a canary back that kills its processes, and pages somebody', async () => {
    vi.spyOn(console, 'info').mockImplementation(() => {})
    const store = dynamoDbFlagStore({ client: dynamodb, tableName: 'flags', prefix: 'prod' })
    await store.init({ flags: { [FLAG.key]: FLAG } })
    const startedMs = Date.now() - 10 * MINUTE
    const plan = { ...PLAN, guardrails: [{ kind: 'unfinished', maxPercent: 5 }] as const }
    await rolloutOperator({ store, nowMs: () => startedMs }).start(plan, ADA)
    // What was started 3 to 7 minutes ago; a third of it was killed.
    for (const minute of [3, 4, 5, 6, 7]) {
      const ended = Array.from({ length: 20 }, () => 0)
      const started = Array.from({ length: 30 }, () => 1)
      cloudWatch.putLogLine(metricLine(Date.now() - minute * MINUTE, { Started: started, Error: ended }))
    }
    const { handler } = await import('../../src/rollout-controller.ts')
    const [report] = await handler({ 'detail-type': 'Scheduled Event' })
    expect(report).toMatchObject({ verdict: 'roll-back', phase: 'rolled-back', percent: 0 })
    expect(report?.reasons.join()).toContain('50 of 150 attempts of the last 5 minutes never finished (33.3 %')
    expect((await store.get('features', PLAN.flag))?.fallthrough?.rollout?.variations).toEqual([
      { variation: 1, weight: 0 },
      { variation: 0, weight: 100_000 },
    ])
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5 }))
    expect(JSON.parse(Messages[0]?.Body ?? '{}')).toMatchObject({
      'detail-type': 'Rollout Rolled Back',
      detail: { flag: PLAN.flag, rollout: PLAN.id, percent: 0 },
    })
    vi.restoreAllMocks()
  })

  it('sends what its policy allows, and all of it', async () => {
    const clients = [new DynamoDBClient({}), new CloudWatchClient({}), new EventBridgeClient({})] as const
    const services = ['dynamodb', 'cloudwatch', 'events'] as const
    const actions: Record<string, Set<string>> = {}
    const partitions: Record<string, Set<string>> = {}
    for (const [index, client] of clients.entries()) {
      const watch = (next: (args: never) => Promise<never>, { commandName = '' }: { commandName?: string }) => {
        return async (args: { readonly input: { readonly TableName?: string; readonly RequestItems?: object } }) => {
          const { TableName = Object.keys(args.input.RequestItems ?? {})[0] } = args.input
          const on = TableName ?? services[index] ?? ''
          actions[on] ??= new Set()
          partitions[on] ??= new Set()
          actions[on].add(`${services[index]}:${commandName.replace('Command', '')}`)
          const named = /"(?:namespace|:namespace|:key)":\{"S":"([^"]+)"/g
          for (const [, key = ''] of JSON.stringify(args.input).matchAll(named)) partitions[on].add(key)
          return next(args as never)
        }
      }
      const stack: { add(middleware: unknown, options: object): void } = client.middlewareStack as never
      stack.add(watch, { step: 'initialize', name: 'watch' })
    }
    const [client, metrics, bus] = clients
    const own = dynamoDbFlagStore({ client: dynamodb, tableName: 'flags', prefix: 'prod' })
    let nowMs = Date.now()
    await rolloutOperator({ store: own, nowMs: () => nowMs }).start({ ...PLAN, alarms: ['gross'] }, ADA)
    const controller = rolloutController({
      store: dynamoDbFlagStore({ client, tableName: 'flags', prefix: 'prod' }),
      affectedUsers: dynamoDbAffectedUsers({ client, tableName: 'affected-users', prefix: 'prod' }),
      minutes: cloudWatchMinutes({ client: metrics }),
      publish: eventBridgeEvents({ client: bus }),
      nowMs: () => nowMs,
      log: () => {},
    })
    nowMs += 5 * MINUTE
    await controller.tick()
    await controller.alarm('gross', 'it is')
    const [flags, users, cloudwatch, events] = policy
    expect([...(actions['flags'] ?? [])].toSorted()).toEqual(flags?.Action)
    expect([...(partitions['flags'] ?? [])].toSorted()).toEqual(flags && keysOf(flags))
    expect([...(actions['affected-users'] ?? [])]).toEqual(users?.Action)
    expect([...(partitions['affected-users'] ?? [])].map((key) => key.startsWith('prod:totals:'))).toEqual([true])
    expect([...(actions['cloudwatch'] ?? [])]).toEqual(cloudwatch?.Action)
    expect([...(actions['events'] ?? [])]).toEqual(events?.Action)
    for (const one of clients) one.destroy()
  })
})
