import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { declareFlags, type FlagSource } from '@waybill/core'
import { cachedSource, type FlagData } from '@waybill/flags'
import { type Cutter, type DynamoDb, startCutter, startDynamoDb } from '@waybill/local'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { dynamoDbFlagStore } from '../src/flag-store.ts'
import { clientAt, engines, intercept, isAbsent, newTable, type Sent } from './engine.ts'

const flags = declareFlags({ a: { variations: { off: false, on: true }, default: 'off' } })
const flag = (version: number): FlagData => ({
  key: 'a',
  version,
  on: true,
  variations: [false, true],
  fallthrough: { variation: 1 },
})

const isQueryOf =
  (namespace: string, page: 'first' | 'next') =>
  ({ name, input }: Sent): boolean =>
    name === 'QueryCommand' &&
    JSON.stringify(input['ExpressionAttributeValues']).includes(`"${namespace}"`) &&
    (input['ExclusiveStartKey'] === undefined) === (page === 'first')

/** Every call that deciding makes. Those of a refresh come after the first load. */
const points: readonly {
  readonly point: string
  readonly when: 'cold' | 'warm'
  readonly is: (sent: Sent) => boolean
}[] = [
  { point: 'the mark', when: 'cold', is: ({ name }) => name === 'GetItemCommand' },
  { point: 'the flags', when: 'cold', is: isQueryOf('features', 'first') },
  { point: 'the second page of flags', when: 'cold', is: isQueryOf('features', 'next') },
  { point: 'the segments', when: 'cold', is: isQueryOf('segments', 'first') },
  { point: 'the meta', when: 'warm', is: ({ name, input }) => name === 'GetItemCommand' && !input['ConsistentRead'] },
  {
    point: 'the mark of a change',
    when: 'warm',
    is: ({ name, input }) => name === 'GetItemCommand' && input['ConsistentRead'] === true,
  },
  { point: 'the flags of a change', when: 'warm', is: isQueryOf('features', 'first') },
  { point: 'the second page of a change', when: 'warm', is: isQueryOf('features', 'next') },
  { point: 'the segments of a change', when: 'warm', is: isQueryOf('segments', 'first') },
]

for (const engine of engines) {
  describe.skipIf(isAbsent(engine))(`deciding from ${engine}`, () => {
    let server: DynamoDb
    let own: DynamoDBClient
    let cutter: Cutter
    let client: DynamoDBClient
    let tableName: string
    let breaks: ((sent: Sent) => boolean) | undefined
    let fault: 'cut' | 'hang'
    let reached: boolean
    const unhandled: unknown[] = []
    const onUnhandled = (reason: unknown): number => unhandled.push(reason)

    beforeAll(async () => {
      process.on('unhandledRejection', onUnhandled)
      server = await startDynamoDb({ engine })
      own = clientAt(server.endpoint)
      tableName = await newTable(own)
    })
    afterAll(async () => {
      own.destroy()
      await server.close()
      process.off('unhandledRejection', onUnhandled)
    })
    beforeEach(async () => {
      breaks = undefined
      reached = false
      cutter = await startCutter(server.endpoint)
      client = clientAt(cutter.endpoint, { maxAttempts: 1 })
      intercept(client, (sent, go) => {
        if (breaks?.(sent)) {
          reached = true
          cutter[fault]()
        }
        // Small pages, so that there is a second one.
        return sent.name === 'QueryCommand' ? go({ ...sent.input, Limit: 2 }) : go()
      })
      const pad = Object.fromEntries(Array.from({ length: 4 }, (_, n) => [`p${n}`, { key: `p${n}`, version: 1 }]))
      await dynamoDbFlagStore({ client: own, tableName }).init({ flags: { a: flag(1), ...pad } })
    })
    afterEach(async () => {
      client.destroy()
      await cutter.close()
    })

    for (const { point, when, is } of points) {
      it.each(['cut', 'hang'] as const)(
        `${when}, %s at ${point}: settles, with the cause, and recovers`,
        async (how) => {
          let now = 0
          const source = cachedSource(dynamoDbFlagStore({ client, tableName }), {
            ttlSeconds: 10,
            deadlineMs: 600,
            nowMs: () => now,
          })
          if (when === 'warm') {
            expect(await said(source)).toBe('live on v1')
            if (point !== 'the meta') await dynamoDbFlagStore({ client: own, tableName }).upsert('features', flag(2))
            now += 10_000
          }
          fault = how
          breaks = is
          expect(await said(source)).toBe(when === 'cold' ? 'unavailable' : 'stale on v1')
          expect(reached).toBe(true)
          breaks = undefined
          cutter.heal()
          client.config.requestHandler.destroy?.()
          now += 1000
          expect(await said(source)).toBe(when === 'cold' || point === 'the meta' ? 'live on v1' : 'live on v2')
          await new Promise(setImmediate)
          expect(unhandled).toEqual([])
        },
      )
    }

    async function said(source: FlagSource): Promise<string> {
      const answer = await source.decide({ key: 'u' }, flags.all)
      if (answer.status === 'unavailable') return 'unavailable'
      const [first] = answer.decisions
      return `${answer.status} ${first && 'variation' in first ? `${first.variation} v${first.version}` : first?.cause}`
    }
  })
}

it('a table that is not there is its own cause, with the SDK’s error kept', async () => {
  const server = await startDynamoDb({ engine: 'dynalite' })
  const client = clientAt(server.endpoint)
  const store = dynamoDbFlagStore({ client, tableName: 'none' })
  for (const call of [() => store.readAll(), () => store.get('features', 'a'), () => store.init({ flags: {} })]) {
    await expect(call()).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining('"none"'),
      cause: expect.objectContaining({ name: 'ResourceNotFoundException' }),
    })
  }
  expect(await cachedSource(store).decide({ key: 'u' }, flags.all)).toEqual({ status: 'unavailable' })
  client.destroy()
  await server.close()
})
