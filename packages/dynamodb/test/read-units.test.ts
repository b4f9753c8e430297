import { type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { declareFlags } from '@waybill/core'
import { cachedSource, type FlagSet } from '@waybill/flags'
import { type DynamoDb, startDynamoDb } from '@waybill/local'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { dynamoDbFlagReader } from '../src/flag-reader.ts'
import { dynamoDbFlagStore } from '../src/flag-store.ts'
import { clientAt, engines, intercept, isAbsent, newTable } from './engine.ts'

const declared = declareFlags({ f0: { variations: { off: false, on: true }, default: 'off' } })

/** A hundred flags of about 1 kB: rows of 112 to 118 kB in all. */
const hundred: FlagSet = {
  flags: Object.fromEntries(
    Array.from({ length: 100 }, (_, n) => [`f${n}`, { key: `f${n}`, version: 1, on: false, pad: 'x'.repeat(1000) }]),
  ),
}

/*
 * Counted: what the engine says that each request consumed (ReturnConsumedCapacity), summed over all requests of one
 * refresh. 1 unit is 4 kB read strongly consistent; eventually consistent it is half.
 */
for (const engine of engines) {
  describe.skipIf(isAbsent(engine))(`read units on ${engine}`, () => {
    let server: DynamoDb
    let client: DynamoDBClient
    let tableName: string
    let spent = { requests: 0, units: 0 }
    beforeAll(async () => {
      server = await startDynamoDb({ engine })
      client = clientAt(server.endpoint)
    })
    beforeEach(async () => {
      tableName = await newTable(client)
    })
    afterAll(async () => {
      client.destroy()
      await server.close()
    })

    function countedStore() {
      const counted = clientAt(server.endpoint)
      intercept(counted, async ({ input }, go) => {
        const answer = await go({ ...input, ReturnConsumedCapacity: 'TOTAL' })
        const consumed = answer.output['ConsumedCapacity'] as { CapacityUnits: number }
        spent = { requests: spent.requests + 1, units: spent.units + consumed.CapacityUnits }
        return answer
      })
      return dynamoDbFlagStore({ client: counted, tableName })
    }
    async function spentBy(run: () => unknown): Promise<typeof spent> {
      spent = { requests: 0, units: 0 }
      await run()
      return spent
    }

    it('cold: one read of everything; warm: none; unchanged: half a unit; changed: everything once more', async () => {
      const writer = dynamoDbFlagStore({ client, tableName })
      await writer.init(hundred)
      let now = 0
      const source = cachedSource(countedStore(), { ttlSeconds: 10, nowMs: () => now })
      const decide = () => source.decide({ key: 'u' }, declared.all)

      const cold = await spentBy(decide)
      const warm = await spentBy(decide)
      now += 10_000
      const unchanged = await spentBy(decide)
      await writer.upsert('features', { key: 'f1', version: 2, on: true })
      now += 10_000
      const changed = await spentBy(decide)
      console.log(`read units on ${engine}, 100 flags of 1 kB:`, JSON.stringify({ cold, warm, unchanged, changed }))

      // Mark, flags, segments. An empty Query costs a unit on one engine and none on another.
      expect(cold.requests).toBe(3)
      expect(cold.units).toBeGreaterThanOrEqual(28)
      expect(cold.units).toBeLessThanOrEqual(33)
      expect(warm).toEqual({ requests: 0, units: 0 })
      expect(unchanged).toEqual({ requests: 1, units: 0.5 })
      expect(changed.requests).toBe(4)
      expect(changed.units).toBeLessThanOrEqual(cold.units + 0.5)
    })

    it('sends all that a cold start needs before anything is answered: one round trip', async () => {
      await dynamoDbFlagStore({ client, tableName }).init(hundred)
      const counted = clientAt(server.endpoint)
      const order: string[] = []
      intercept(counted, async (_sent, go) => {
        order.push('sent')
        const answer = await go()
        order.push('answered')
        return answer
      })
      const source = cachedSource(dynamoDbFlagReader({ client: counted, tableName }))
      expect((await source.decide({ key: 'u' }, declared.all)).status).toBe('live')
      expect(order).toEqual(['sent', 'sent', 'sent', 'answered', 'answered', 'answered'])
      await source.decide({ key: 'u' }, declared.all)
      expect(order).toHaveLength(6)
      counted.destroy()
    })

    it('a table without a meta, as ld-relay’s, is read whole at each refresh', async () => {
      const writer = dynamoDbFlagStore({ client, tableName })
      await writer.init(hundred)
      await bareMark(client, tableName)
      let now = 0
      const source = cachedSource(countedStore(), { ttlSeconds: 10, nowMs: () => now })
      const decide = () => source.decide({ key: 'u' }, declared.all)
      const cold = await spentBy(decide)
      now += 10_000
      expect(await spentBy(decide)).toEqual(cold)
    })
  })
}

/** What LaunchDarkly's writers make of the mark. */
async function bareMark(client: DynamoDBClient, tableName: string): Promise<void> {
  const inited = { S: '$inited' }
  await client.send(new PutItemCommand({ TableName: tableName, Item: { namespace: inited, key: inited } }))
}
