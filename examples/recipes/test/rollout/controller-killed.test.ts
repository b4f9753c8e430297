import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { dynamoDbAffectedUsers, dynamoDbFlagStore } from '@waybill/dynamodb'
import { type Engines, findDynoxide, startEngines } from '@waybill/local'
import { rolloutController, rolloutOperator } from '@waybill/rollout'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createTables, FLAG, PLAN } from './tables.ts'

// A process for each request of a tick, and engines in JavaScript.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

const MINUTE = 60_000
const START_MS = 1_700_000_000_000 - (1_700_000_000_000 % MINUTE)
const ADA = { who: 'ada', comment: 'first try' }
const absent = findDynoxide() === undefined
if (absent) console.log('dynoxide is not there on this platform: killing a controller on DynamoDB is passed over')

describe.skipIf(absent)('a controller in a process of its own, on DynamoDB', () => {
  let engines: Engines
  let client: DynamoDBClient
  beforeAll(async () => {
    engines = await startEngines({ services: ['dynamodb'] })
    for (const [name, value] of Object.entries(engines.env)) vi.stubEnv(name, value)
    client = new DynamoDBClient({})
    await createTables(client)
  })
  afterAll(async () => {
    client.destroy()
    await engines.close()
    vi.unstubAllEnvs()
  })

  /** A rollout whose next tick rolls it back, or takes its next step. */
  async function about(prefix: string, to: 'roll back' | 'step on') {
    let nowMs = START_MS
    const store = dynamoDbFlagStore({ client, tableName: 'flags', prefix })
    const users = dynamoDbAffectedUsers({ client, tableName: 'affected-users', prefix, nowMs: () => nowMs })
    const operator = rolloutOperator({ store, nowMs: () => nowMs })
    await store.init({ flags: { [FLAG.key]: FLAG } })
    await operator.start(PLAN, ADA)
    for (let user = 0; to === 'roll back' && user < 8; user += 1) {
      const { flag } = PLAN
      const told = { flag, rollout: flag, variation: 'canary', version: 2, kind: 'error', subject: `u${user}` } as const
      await users.add({ ...told, expiresAtSeconds: nowMs / 1000 + 3600 })
    }
    nowMs += 4 * MINUTE
    const tick = () =>
      rolloutController({
        store,
        affectedUsers: users,
        minutes: async ({ untilMs }) => [{ minuteMs: untilMs - MINUTE, started: 50, finished: 50, errors: 0 }],
        nowMs: () => nowMs,
        log: () => {},
      }).tick()
    const left = async () => {
      const { state, pending } = (await operator.get(PLAN.flag)) ?? {}
      const flag = await store.get('features', PLAN.flag)
      return {
        trail: (await operator.history(PLAN.flag)).map(({ action, who }) => `${who}: ${action}`),
        flags: (await store.list('audit', { keyPrefix: 'new-order-flow/' }))
          .filter(({ kind }) => kind === 'features')
          .map(({ action }) => action),
        weights: flag?.fallthrough?.rollout?.variations,
        version: flag?.version,
        recall: (await store.get('recalls', PLAN.flag))?.upToVersion,
        phase: state?.phase,
        percentByVersion: state?.percentByVersion,
        pending,
      }
    }
    return { tick, left, nowMs }
  }

  /** Whether it was killed. */
  function runAndDie(prefix: string, nowMs: number, at: number, when: string): Promise<boolean> {
    const env = { ...process.env, AT: `${at}`, WHEN: when, NOW_MS: `${nowMs}`, PREFIX: prefix }
    const child = spawn(process.execPath, [resolve(import.meta.dirname, 'dying-tick.ts')], { env, stdio: 'ignore' })
    return new Promise((settle, reject) => {
      child.on('error', reject)
      child.on('exit', (code, signal) => {
        if (signal === 'SIGKILL') settle(true)
        else if (code === 0) settle(false)
        else reject(new Error(`the tick ended with ${code ?? signal}`))
      })
    })
  }

  it.each(['roll back', 'step on'] as const)(
    'killed at any request of the tick that is to %s, leaves what the next tick makes whole, once',
    async (to) => {
      const undisturbed = await about(`${to}-undisturbed`, to)
      await undisturbed.tick()
      await undisturbed.tick()
      const expected = await undisturbed.left()
      expect(expected.trail).toHaveLength(2)

      let deaths = 0
      // Two at once, for two cores: each has an environment of its own.
      const whens = to === 'roll back' ? ['before', 'after'] : ['after']
      const runs = whens.map(async (when) => {
        for (let at = 0; ; at += 1) {
          const prefix = `${to}-${when}-${at}`
          const rollout = await about(prefix, to)
          const died = await runAndDie(prefix, rollout.nowMs, at, when)
          await rollout.tick()
          await rollout.tick()
          expect(await rollout.left(), `killed ${when} request ${at}`).toEqual(expected)
          if (!died) return
          deaths += 1
        }
      })
      await Promise.all(runs)
      expect(deaths).toBeGreaterThan(10)
      console.log(`${to}: killed ${whens.join(' and ')} each of ${deaths / whens.length} requests`)
    },
  )

  it('comes to the same in four processes at once', async () => {
    const undisturbed = await about('alone', 'roll back')
    await undisturbed.tick()
    const together = await about('together', 'roll back')
    const never = Array.from({ length: 4 }, () => runAndDie('together', together.nowMs, 1_000, 'after'))
    expect(await Promise.all(never)).toEqual([false, false, false, false])
    expect(await together.left()).toEqual(await undisturbed.left())
  })
})
