import { Logger } from '@aws-lambda-powertools/logger'
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware'
import middy from '@middy/core'
import { withHonouredDecisions, withRecordScope } from '@waybill/core'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { variationLogs } from '../src/logger.ts'
import { event, flags, keys, kinesisRecord, pause, tokenOf, type Variation } from './fixture.ts'

interface Said {
  readonly message: string
  readonly feature_flags?: Readonly<Record<string, string>>
  readonly shop?: string
}
const lines: Said[] = []
beforeEach(() => {
  lines.length = 0
  vi.stubEnv('POWERTOOLS_DEV', 'true')
  vi.spyOn(console, 'info').mockImplementation((line) => void lines.push(JSON.parse(line)))
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})
const variationOf = ({ feature_flags }: Said): string | undefined => feature_flags?.['new-order-flow']

test('all lines of an invocation have its variations, those before and after have none', async () => {
  const logger = new Logger({ serviceName: 'orders', persistentKeys: { shop: 'noodles' } })
  const logs = variationLogs({ logger })
  const handler = withHonouredDecisions(
    async () => {
      logger.info('first')
      await pause()
      logs.loggerFor().info('second')
    },
    { flags, keys, observers: [logs] },
  )
  logger.info('before')
  await handler(event(tokenOf('canary')))
  logger.info('between')
  await handler(event(tokenOf('control')))
  logger.info('after')
  expect(lines.map((line) => [line.message, variationOf(line), line.shop])).toEqual([
    ['before', undefined, 'noodles'],
    ['first', 'canary', 'noodles'],
    ['second', 'canary', 'noodles'],
    ['between', undefined, 'noodles'],
    ['first', 'control', 'noodles'],
    ['second', 'control', 'noodles'],
    ['after', undefined, 'noodles'],
  ])
})

test('are gone after a handler that fails', async () => {
  const logger = new Logger({ serviceName: 'orders' })
  const handler = withHonouredDecisions(() => Promise.reject(new Error('boom')), {
    flags,
    keys,
    observers: [variationLogs({ logger, key: 'flags' })],
  })
  await handler(event(tokenOf('canary'))).catch(() => undefined)
  logger.info('after')
  expect(lines[0]).not.toHaveProperty('flags')
})

describe('records in parallel', () => {
  const variations: readonly Variation[] = ['canary', 'control', 'canary', 'control']
  const Records = variations.map((one, n) => kinesisRecord(n, { n }, tokenOf(one)))

  test('log by a child each, and the shared logger stays without', async () => {
    const logger = new Logger({ serviceName: 'orders', persistentKeys: { shop: 'noodles' } })
    const logs = variationLogs({ logger })
    const onRecord = withRecordScope(async ({ kinesis }: { kinesis: { sequenceNumber: string } }) => {
      const log = logs.loggerFor()
      for (let turn = 4 - Number(kinesis.sequenceNumber); turn > 0; turn -= 1) await pause()
      log.info(kinesis.sequenceNumber)
      expect(logs.loggerFor()).toBe(log)
      logger.info('shared')
    })
    const handler = withHonouredDecisions(
      (batch: { Records: typeof Records }) => Promise.all(batch.Records.map((one) => onRecord(one))),
      { flags, keys, observers: [logs] },
    )
    await handler({ Records })
    const ofRecords = lines.filter(({ message }) => message !== 'shared')
    expect(ofRecords.map((line) => [variations[Number(line.message)], line.shop])).toEqual(
      ofRecords.map((line) => [variationOf(line), 'noodles']),
    )
    expect(ofRecords).toHaveLength(4)
    expect(lines.filter(({ message }) => message === 'shared').map(variationOf)).toEqual(Array(4).fill(undefined))
  })

  test('beside injectLambdaContext that resets its keys', async () => {
    const logger = new Logger({ serviceName: 'orders' })
    const logs = variationLogs({ logger })
    const inner = middy(async (_event: unknown, _context: unknown) => {
      logger.appendKeys({ shop: 'noodles' })
      logger.info('inside')
    }).use(injectLambdaContext(logger, { resetKeys: true }))
    const handler = withHonouredDecisions((one: unknown, context: unknown) => inner(one, context as never), {
      flags,
      keys,
      observers: [logs],
    })
    const context = { functionName: 'orders', memoryLimitInMB: '128', awsRequestId: 'r', invokedFunctionArn: 'a' }
    await handler(event(tokenOf('canary')), context)
    logger.info('after')
    expect(lines.map((line) => [line.message, variationOf(line), line.shop])).toEqual([
      ['inside', 'canary', 'noodles'],
      ['after', undefined, undefined],
    ])
  })
})
