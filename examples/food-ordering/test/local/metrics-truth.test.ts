import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { METRIC_NAMES } from '@waybill/core'
import { dynamoDbAffectedUsers, dynamoDbFlagStore } from '@waybill/dynamodb'
import { emfFaults } from '@waybill/local'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { collectEmf, type EmfCollector } from '../../src/demo/emf.ts'
import { readEmfLine } from '../../src/demo/emf-line.ts'
import { placeOrders, usersOf } from '../../src/demo/load.ts'
import { percentile } from '../../src/demo/percentile.ts'
import { seededRandom } from '../../src/demo/random.ts'
import { rolloutInStore } from '../../src/demo/rollout.ts'
import { DELIVERIES_TABLE, readDeliveries } from '../../src/load/deliveries.ts'
import { FUNCTION_NAMES } from '../../src/local/functions.ts'
import { createTable } from '../../src/local/resources.ts'
import { type LocalEngines, plainDeployment, type Stack, startLocalEngines, startStack } from '../../src/local/stack.ts'
import type { PlantedBug, PlantedBugs } from '../../src/planted-bug.ts'

const FLAG = 'new-order-flow'
const AFFECTED_USERS_TABLE = 'affected-users'
const VARIATIONS = ['control', 'canary'] as const
/** What each function leaves behind for an attempt that came to its end. */
const ROWS = {
  'place-order': 'order',
  'price-quote': 'quote',
  'fraud-check': 'fraud-check',
  'accept-order': 'acceptance',
  'notify-restaurant': 'restaurant-notification',
  'notify-user': 'user-notification',
  loyalty: 'points',
} as const

/**
 * CloudWatch does not say how it approximates a percentile. Its own agent keeps values in buckets that are a tenth wide,
 * which puts a percentile up to a twentieth beside the sample that it stands for:
 * https://github.com/aws/amazon-cloudwatch-agent/blob/main/metric/distribution/seh1/seh1_distribution.go
 */
const BUCKET = Math.log(1.1)
const TOLERANCE = 0.05

let folder: string
let local: LocalEngines
let stack: Stack
let emf: EmfCollector
let lines: string[]
let seed = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'metrics-truth-'))
  local = await startLocalEngines()
  stack = await startStack({
    local,
    visibilityTimeoutSeconds: 1,
    onLog: ({ functionName, line }) => {
      emf.add(functionName, line)
      lines.push(line)
    },
    deployment: (host) => {
      const plain = plainDeployment(host)
      const env = { PLANTED_BUGS: join(folder, 'bugs.json'), DELIVERIES_TABLE, AFFECTED_USERS_TABLE }
      return { ...plain, deploy: (fn) => plain.deploy({ ...fn, memoryMb: 96, env: { ...fn.env, ...env } }) }
    },
  })
  await createTable(stack.clients.dynamodb, DELIVERIES_TABLE, 'orderId', 'delivery')
  await createTable(stack.clients.dynamodb, AFFECTED_USERS_TABLE, 'key', 'part')
  await rolloutInStore(dynamoDbFlagStore({ client: stack.clients.dynamodb, tableName: 'flags' }), 50)
}, 60_000)
afterAll(async () => {
  await stack?.close()
  await local?.close()
  await rm(folder, { recursive: true, force: true })
})

/** Orders under planted bugs, until nothing is left to do. Answers what was written down of each attempt. */
async function run(orders: number, bugs: PlantedBugs) {
  const before = new Map<string, number>()
  for (const { row, variation } of await readDeliveries(stack.clients.dynamodb)) count(before, `${row} ${variation}`)
  emf = collectEmf()
  lines = []
  await writeFile(join(folder, 'bugs.json'), JSON.stringify(bugs))
  seed += 1
  const load = await placeOrders({
    url: stack.url,
    userIds: usersOf(60),
    orders,
    random: seededRandom(seed, 'orders'),
    signal: new AbortController().signal,
  })
  await stack.settled()
  const after = new Map<string, number>()
  for (const { row, variation } of await readDeliveries(stack.clients.dynamodb)) count(after, `${row} ${variation}`)
  const attempts = (row: string, variation: string): number => {
    const key = `${row} ${variation}`
    return (after.get(key) ?? 0) - (before.get(key) ?? 0)
  }
  return { ...load, attempts }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

/** `service variation: started finished errors`, as CloudWatch would have it. */
function measured(): readonly string[] {
  return emf.services().map((one) => `${one.service} ${one.variation}: ${one.started} ${one.finished} ${one.errors}`)
}

const bugs = (kind: PlantedBug['kind'], share: number, ...functions: (keyof typeof ROWS)[]): PlantedBugs =>
  Object.fromEntries(functions.map((name) => [name, { kind, share }]))

describe('what CloudWatch would make of the functions’ logs', { timeout: 120_000 }, () => {
  it('is the truth of each attempt, for a canary that fails a fifth of its notifications', async () => {
    const { placed, refusals, attempts } = await run(120, bugs('error', 0.2, 'notify-restaurant', 'notify-user'))
    expect(refusals).toEqual([])
    const truth = FUNCTION_NAMES.flatMap((service) =>
      VARIATIONS.map((variation) => {
        const failed = attempts(`${service} error`, variation)
        const all = attempts(ROWS[service], variation) + failed
        return `${service} ${variation}: ${all} ${all} ${failed}`
      }),
    )
    expect(measured().toSorted()).toEqual(truth.toSorted())

    // The same by what the load generator was answered, and by what the bug was told to do.
    const [control, canary] = VARIATIONS.map((name) => placed.filter(({ variation }) => variation === name).length)
    expect(measured()).toContain(`place-order control: ${control} ${control} 0`)
    expect(measured()).toContain(`place-order canary: ${canary} ${canary} 0`)
    for (const service of ['notify-restaurant', 'notify-user']) {
      const { finished = 0, errors = 0 } =
        emf.services().find((one) => one.service === service && one.variation === 'canary') ?? {}
      expect(errors / finished).toBeGreaterThan(0.02)
      expect(errors / finished).toBeLessThan(0.45)
    }
    // Each user once, however often and wherever their orders failed.
    const failed = (await readDeliveries(stack.clients.dynamodb)).filter(({ row }) => String(row).endsWith(' error'))
    const users = new Set(failed.map(({ userId }) => userId)).size
    const affected = lines
      .flatMap((line) => {
        const read = readEmfLine(line)
        return read === 'malformed' ? [] : read
      })
      .filter(({ name }) => name === METRIC_NAMES.affectedUsers)
    expect(affected.map(({ dimensions }) => dimensions['variation'])).toEqual(Array(users).fill('canary'))
    const store = dynamoDbAffectedUsers({ client: stack.clients.dynamodb, tableName: AFFECTED_USERS_TABLE })
    const totals = await store.totals(FLAG, FLAG)
    expect(totals.filter(({ kind }) => kind === 'error')).toMatchObject([{ variation: 'canary', users }])

    expect(emf.malformedLines().size).toBe(0)
    expect(lines.filter((line) => line.includes('"_aws"')).flatMap(emfFaults)).toEqual([])
  })

  it('has the p99 of a slow canary, and leaves control’s alone', async () => {
    await run(100, bugs('slowness', 1, 'notify-user'))
    const tookMs = (variation: string): readonly number[] =>
      lines.flatMap((line) => {
        if (!line.includes('"user notified"')) return []
        const log = JSON.parse(line.slice(line.indexOf('{'))) as { readonly tookMs: number; readonly [FLAG]: string }
        return log[FLAG] === variation ? [log.tookMs] : []
      })
    for (const variation of VARIATIONS) {
      const truth = percentile(tookMs(variation), 99)
      const exact = emf.latencyMs('notify-user', FLAG, variation, 99)
      const sketched = Math.exp((Math.floor(Math.log(exact) / BUCKET) + 0.5) * BUCKET)
      for (const p99 of [exact, sketched]) {
        // Beside the tolerance two milliseconds, for what the observer itself takes.
        expect(Math.abs(p99 - truth)).toBeLessThan(truth * TOLERANCE + 2)
      }
    }
    expect(percentile(tookMs('canary'), 1)).toBeGreaterThan(200)
    expect(emf.latencyMs('notify-user', FLAG, 'canary', 99)).toBeGreaterThan(400)
  })

  it('counts what was started and never finished, where a canary kills its process', async () => {
    const { attempts } = await run(24, bugs('out-of-memory', 0.5, 'loyalty'))
    const killed = attempts('loyalty out-of-memory', 'canary')
    expect(killed).toBeGreaterThan(0)
    const [canary, control] = VARIATIONS.toReversed().map((variation) => attempts(ROWS.loyalty, variation))
    expect(measured()).toContain(`loyalty canary: ${Number(canary) + killed} ${canary} 0`)
    expect(measured()).toContain(`loyalty control: ${control} ${control} 0`)
  })
})
