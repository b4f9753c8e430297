import { readFileSync } from 'node:fs'
import { type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import type { RecallSource } from '@waybill/core'
import { recallStore } from '@waybill/flags'
import { type Cutter, type DynamoDb, startCutter, startDynamoDb } from '@waybill/local'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { dynamoDbFlagStore } from '../src/flag-store.ts'
import { dynamoDbRecallSource } from '../src/recall-source.ts'
import { clientAt, engines, intercept, isAbsent, newTable } from './engine.ts'
import { layoutStore } from './launchdarkly-store.ts'

const ada = { who: 'ada', comment: 'errors in payment' }

for (const engine of engines) {
  describe.skipIf(isAbsent(engine))(`recalls from ${engine}`, () => {
    let server: DynamoDb
    let own: DynamoDBClient
    let tableName: string
    let now: number
    const nowMs = (): number => now
    const lines: string[] = []
    const warn = (line: string): number => lines.push(line)
    beforeAll(async () => {
      server = await startDynamoDb({ engine })
      own = clientAt(server.endpoint)
    })
    beforeEach(async () => {
      tableName = await newTable(own)
      now = 1_800_000_000_000
      lines.length = 0
    })
    afterAll(async () => {
      own.destroy()
      await server.close()
    })
    const recallsOf = (prefix?: string) =>
      recallStore(dynamoDbFlagStore({ client: own, tableName, ...(prefix === undefined ? {} : { prefix }) }), { nowMs })
    const told = async (source: RecallSource): Promise<readonly (readonly [string, number, string])[]> => {
      await source.refresh?.()
      return source.current().map(({ flag, upToVersion, to }) => [flag, upToVersion, to] as const)
    }

    it('gives what was ordered in its environment, until it is lifted', async () => {
      const source = dynamoDbRecallSource({ client: own, tableName, prefix: 'prod', nowMs, warn })
      expect(await told(source)).toEqual([])
      await recallsOf('prod').put({ flag: 'f', upToVersion: 7, to: 'control', value: false }, ada)
      await recallsOf('test').put({ flag: 'g', upToVersion: 1, to: 'control' }, ada)
      await recallsOf().put({ flag: 'h', upToVersion: 1, to: 'control' }, ada)
      now += 15_000
      expect(await told(source)).toEqual([['f', 7, 'control']])
      expect(source.current()[0]).toMatchObject({ value: false })
      await recallsOf('prod').lift('f', ada)
      now += 15_000
      expect(await told(source)).toEqual([])
      expect(lines).toEqual([])
    })

    it('lets each expire at its time, without a look at the table', async () => {
      const source = dynamoDbRecallSource({ client: own, tableName, nowMs, ttlSeconds: 3600, jitter: 0 })
      await recallsOf().put({ flag: 'f', upToVersion: 7, to: 'control', lifetimeSeconds: 60 }, ada)
      await recallsOf().put({ flag: 'g', upToVersion: 7, to: 'control', lifetimeSeconds: 120 }, ada)
      const flags = () => source.current().map(({ flag }) => flag)
      await source.refresh?.()
      now += 59_999
      expect(flags()).toEqual(['f', 'g'])
      now += 1
      expect(flags()).toEqual(['g'])
      now += 60_000
      expect([flags(), source.refresh?.()]).toEqual([[], undefined])
    })

    it('reads once per time to live, however many come, and costs half a read unit', async () => {
      let spent = { requests: 0, units: 0 }
      const counted = clientAt(server.endpoint)
      intercept(counted, async ({ input }, go) => {
        const answer = await go({ ...input, ReturnConsumedCapacity: 'TOTAL' })
        const { CapacityUnits } = answer.output['ConsumedCapacity'] as { CapacityUnits: number }
        spent = { requests: spent.requests + 1, units: spent.units + CapacityUnits }
        return answer
      })
      for (const flag of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) {
        await recallsOf().put({ flag: `a-flag-with-a-name-of-some-length-${flag}`, upToVersion: 7, to: 'control' }, ada)
      }
      const source = dynamoDbRecallSource({ client: counted, tableName, nowMs, random: () => 0.5 })
      await Promise.all(Array.from({ length: 20 }, () => source.refresh?.()))
      expect(source.current()).toHaveLength(8)
      expect(spent).toEqual({ requests: 1, units: 0.5 })
      // Jitter of 0.2 at 0.5: a tenth sooner than 15 s.
      now += 13_499
      expect(source.refresh?.()).toBeUndefined()
      now += 1
      await source.refresh?.()
      expect(spent).toEqual({ requests: 2, units: 1 })
      spent = { requests: 0, units: 0 }
      await dynamoDbRecallSource({ client: counted, tableName, prefix: 'none' }).refresh?.()
      console.log(`read units on ${engine}, without any recall:`, spent.units, '; with eight: 0.5')
      expect(spent.units).toBeLessThanOrEqual(0.5)
      counted.destroy()
    })

    it('reads again when the clock went back, as after a snapshot was restored', async () => {
      const source = dynamoDbRecallSource({ client: own, tableName, nowMs })
      await source.refresh?.()
      await recallsOf().put({ flag: 'f', upToVersion: 7, to: 'control' }, ada)
      now -= 3_600_000
      expect(await told(source)).toHaveLength(1)
    })

    it('reads all pages where there are more than one', async () => {
      const paged = clientAt(server.endpoint)
      intercept(paged, ({ input }, go) => go({ ...input, Limit: 1 }))
      for (const flag of ['a', 'b', 'c']) await recallsOf().put({ flag, upToVersion: 7, to: 'control' }, ada)
      expect(await told(dynamoDbRecallSource({ client: paged, tableName, nowMs }))).toHaveLength(3)
      paged.destroy()
    })

    it('a row that cannot be read is said once, and takes no other down', async () => {
      await recallsOf().put({ flag: 'f', upToVersion: 7, to: 'control' }, ada)
      for (const [key, item] of [
        ['bad', '{'],
        ['worse', '{"key":"worse","to":1}'],
      ] as const) {
        const Item = { namespace: { S: '$recalls' }, key: { S: key }, version: { N: '1' }, item: { S: item } }
        await own.send(new PutItemCommand({ TableName: tableName, Item }))
      }
      const source = dynamoDbRecallSource({ client: own, tableName, nowMs, warn })
      expect(await told(source)).toEqual([['f', 7, 'control']])
      now += 15_000
      await source.refresh?.()
      expect(lines.map((line) => [JSON.parse(line).code, JSON.parse(line).message])).toEqual([
        ['recall_unreadable', expect.stringContaining('"bad"')],
        ['recall_unreadable', expect.stringContaining('"worse"')],
      ])
    })

    it('LaunchDarkly’s readers pass over recalls, and its writers leave them', async () => {
      await recallsOf('prod').put({ flag: 'f', upToVersion: 7, to: 'control' }, ada)
      const theirs = layoutStore(own, tableName, 'prod')
      const kind = { namespace: 'features' } as never
      await new Promise<void>((done) =>
        theirs.init({ features: { f: { key: 'f', version: 8 } } } as never, () => done()),
      )
      const all = await new Promise((done) => theirs.all(kind, done as never))
      expect(Object.keys(all as object)).toEqual(['f'])
      expect(await told(dynamoDbRecallSource({ client: own, tableName, prefix: 'prod', nowMs }))).toEqual([
        ['f', 7, 'control'],
      ])
    })

    describe('while the table fails', () => {
      let cutter: Cutter
      let client: DynamoDBClient
      const unhandled: unknown[] = []
      const onUnhandled = (reason: unknown): number => unhandled.push(reason)
      beforeEach(async () => {
        process.on('unhandledRejection', onUnhandled)
        cutter = await startCutter(server.endpoint)
        client = clientAt(cutter.endpoint, { maxAttempts: 1 })
        await recallsOf().put({ flag: 'f', upToVersion: 7, to: 'control' }, ada)
      })
      afterEach(async () => {
        client.destroy()
        await cutter.close()
        process.off('unhandledRejection', onUnhandled)
      })

      it.each(['cut', 'hang'] as const)('(%s) keeps what it knew, says why once, and recovers', async (how) => {
        const options = { client, tableName, nowMs, deadlineMs: 200, jitter: 0, warn }
        const source = dynamoDbRecallSource(options)
        expect(await told(source)).toEqual([['f', 7, 'control']])
        const cold = dynamoDbRecallSource(options)
        cutter[how]()
        now += 15_000
        expect([await told(source), source.isBehind?.()]).toEqual([[['f', 7, 'control']], true])
        expect([await told(cold), cold.isBehind?.()]).toEqual([[], true])
        // Until the next try is due, nobody waits.
        expect(source.refresh?.()).toBeUndefined()
        now += 1000
        await source.refresh?.()
        now += 1999
        expect(source.refresh?.()).toBeUndefined()
        expect(lines.map((line) => JSON.parse(line).code)).toEqual(['recalls_unavailable', 'recalls_unavailable'])
        cutter.heal()
        client.config.requestHandler.destroy?.()
        await recallsOf().put({ flag: 'g', upToVersion: 1, to: 'control' }, ada)
        now += 1
        expect(await told(source)).toHaveLength(2)
        expect(source.isBehind?.()).toBe(false)
        now += 1000
        expect(await told(cold)).toHaveLength(2)
        // The next outage is said again.
        cutter[how]()
        now += 15_000
        await source.refresh?.()
        expect(lines).toHaveLength(3)
        await new Promise(setImmediate)
        expect(unhandled).toEqual([])
      })

      it('a function without the permission runs on, and the line says what is missing', async () => {
        const denied = clientAt(server.endpoint, { maxAttempts: 1 })
        intercept(denied, async () => {
          throw Object.assign(new Error('not authorized to perform: dynamodb:Query'), { name: 'AccessDeniedException' })
        })
        const source = dynamoDbRecallSource({ client: denied, tableName, nowMs, warn })
        expect([await told(source), source.isBehind?.()]).toEqual([[], true])
        expect(lines.map((line) => JSON.parse(line))).toEqual([
          expect.objectContaining({
            level: 'WARN',
            code: 'recalls_unavailable',
            message: expect.stringContaining(`"${tableName}"`),
            cause: 'AccessDeniedException: not authorized to perform: dynamodb:Query',
          }),
        ])
      })

      it('a load that was frozen with its environment holds up nobody', async () => {
        let release: (() => void) | undefined
        let calls = 0
        const frozen = clientAt(server.endpoint)
        intercept(frozen, async (_sent, go) => {
          calls += 1
          const isFirst = calls === 1
          const answer = await go()
          if (isFirst) await new Promise<void>((done) => (release = done))
          return answer
        })
        const source = dynamoDbRecallSource({ client: frozen, tableName, nowMs, deadlineMs: 60_000, warn })
        const first = source.refresh?.()
        await vi.waitUntil(() => release !== undefined)
        await recallsOf().put({ flag: 'g', upToVersion: 1, to: 'control' }, ada)
        now += 60_001
        expect(await told(source)).toHaveLength(2)
        // What it brings is older than what is known by now.
        release?.()
        await first
        expect([source.current().length, source.isBehind?.(), calls]).toEqual([2, false, 2])
        frozen.destroy()
      })
    })
  })
}

it('neither it nor the pin store loads the evaluator: consumers and edges of other flag systems have none', () => {
  const imports = (file: string): readonly string[] => {
    const text = readFileSync(new URL(`../src/${file}`, import.meta.url), 'utf8')
    const found = [...text.matchAll(/ from '([^']+)'/g)].map(([, from = '']) => from)
    return found.flatMap((from) => (from.startsWith('./') ? imports(from.slice(2)) : [from]))
  }
  const all = new Set(['recall-source.ts', 'pin-store.ts'].flatMap(imports))
  expect([...all].toSorted()).toEqual(['@aws-sdk/client-dynamodb', '@waybill/core'])
})

it('needs a client and a table name', () => {
  expect(() => dynamoDbRecallSource({} as never)).toThrow(expect.objectContaining({ code: 'bad_option' }))
})
