import { readFileSync } from 'node:fs'
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { dynamoDbFlagReader, dynamoDbFlagStore } from '@waybill/dynamodb'
import type { FlagStore } from '@waybill/flags'
import { launchDarklySync, type SyncReport, webhookHandler } from '@waybill/launchdarkly'
import { startSecretsManager } from '@waybill/local'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  beforeRequests,
  type Place,
  rolloutFlag,
  SDK_KEY,
  startPlace,
  tableName,
  WEBHOOK_SECRET,
} from './launchdarkly-table.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

const readme = readFileSync(new URL('../../../packages/launchdarkly/README.md', import.meta.url), 'utf8')

let place: Place
let tests = 0
let prefix = ''
beforeAll(async () => {
  place = await startPlace()
})
afterAll(() => place.close())
beforeEach(() => {
  tests += 1
  prefix = `env-${tests}`
  for (const key of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) place.service.save('flags', rolloutFlag(key, 10))
})

const storeOn = (client = place.newClient()): FlagStore => dynamoDbFlagStore({ client, tableName, prefix })
const syncTo = (store: FlagStore, deadlineMs = 10_000) =>
  launchDarklySync({ sdkKey: SDK_KEY, store, client: place.uris, deadlineMs, log: () => {} })

/** The table says what LaunchDarkly says, and its mark names what it says. */
async function expectRepaired(): Promise<void> {
  const { flags, meta, inFlux } = (await storeOn().readAll()) ?? { flags: {} }
  const { flags: own } = (await (
    await fetch(`${place.service.url}/sdk/latest-all`, { headers: { authorization: SDK_KEY } })
  ).json()) as {
    flags: object
  }
  expect(flags).toEqual(own)
  expect([inFlux, meta]).toEqual([
    undefined,
    await dynamoDbFlagReader({ client: place.newClient(), tableName, prefix }).readMeta?.(),
  ])
}

describe('the pipeline into DynamoDB', () => {
  it('loses nothing on a table of one write unit: webhooks are repeated until one is answered with 200', async () => {
    // A second's worth of writing each second, refused beyond, as DynamoDB does once its burst is used up.
    let readyAtMs = 0
    let refusals = 0
    const client = beforeRequests(place.newClient(), ({ isWrite }) => {
      if (!isWrite) return
      if (performance.now() < readyAtMs) {
        refusals += 1
        throw Object.assign(new Error('injected'), { name: 'ProvisionedThroughputExceededException' })
      }
      readyAtMs = performance.now() + 1_000
    })
    const handler = webhookHandler({
      ...{ sdkKey: SDK_KEY, store: storeOn(client), client: place.uris, secret: WEBHOOK_SECRET },
      ...{ deadlineMs: 3_000, log: () => {} },
    })
    const statuses: number[] = []
    while (statuses.at(-1) !== 200 && statuses.length < 30) {
      statuses.push((await handler(place.service.webhook({ kind: 'flag' }))).statusCode)
    }
    expect(statuses.at(-1)).toBe(200)
    expect(new Set(statuses.slice(0, -1))).toEqual(new Set([504]))
    expect(refusals).toBeGreaterThan(8)
    await expectRepaired()
  })

  it('is repaired by the next run, wherever it was killed', async () => {
    let writes = Number.NaN
    for (let killedAfter = 0; !(killedAfter > writes); killedAfter += 1) {
      prefix = `env-${tests}-${killedAfter}`
      await syncTo(storeOn())()
      place.service.save('flags', rolloutFlag('a', 20 + killedAfter))
      place.service.save('flags', rolloutFlag('b', 20 + killedAfter))
      place.service.save('flags', rolloutFlag(`new-${killedAfter}`, 50))
      place.service.remove('flags', `new-${killedAfter - 1}`)
      let done = 0
      const dead = beforeRequests(place.newClient(), async ({ isWrite }) => {
        if (isWrite) done += 1
        // A process that is gone: nothing is sent any more, and nobody is told.
        if (done > killedAfter) await new Promise(() => {})
      })
      const { code } = await syncTo(storeOn(dead), 700)()
      // It got through: that many writes a whole run has.
      if (code === 'synced') writes = done
      else expect(code).toBe('store_timeout')
      expect((await syncTo(storeOn())()).code).toBe('synced')
      await expectRepaired()
    }
    expect(writes).toBeGreaterThan(5)
  })

  it('never overwrites a local rollout while it runs, however often LaunchDarkly changes its flag', async () => {
    const store = storeOn()
    const sync = syncTo(store)
    await sync()
    const owner = await store.get('owners', 'a')
    await store.put(
      'owners',
      { key: 'a', version: (owner?.version ?? 0) + 1, owner: 'waybill' },
      { ifVersion: owner?.version ?? 0 },
    )
    let version = (await store.get('features', 'a'))?.version ?? 0
    const reports: SyncReport[] = []
    for (let percent = 10; percent <= 50; percent += 10) {
      const step = { ...rolloutFlag('a', percent), version: version + 1 }
      expect(await store.put('features', step, { ifVersion: version })).toBe('written')
      version += 1
      place.service.save('flags', rolloutFlag('a', 100))
      place.service.save('flags', rolloutFlag('b', percent))
      reports.push(await sync())
      expect(await store.get('features', 'a')).toEqual(step)
    }
    expect(reports.map(({ notOwned, changes }) => [notOwned, changes.map(({ key }) => key)])).toEqual(
      Array(5).fill([['a'], ['b']]),
    )
  })

  it('ends as LaunchDarkly is when many environments of the function run at once', async () => {
    const runs = Array.from({ length: 6 }, async (_, n) => {
      place.service.save('flags', rolloutFlag('a', n))
      return syncTo(storeOn())()
    })
    expect((await Promise.all(runs)).map(({ code }) => code)).toEqual(Array(6).fill('synced'))
    await expectRepaired()
  })

  it('needs no more than the permissions of its README', async () => {
    const actions = new Set<string>()
    const namespaces = new Set<string>()
    const client = beforeRequests(place.newClient(), ({ name, input }) => {
      actions.add(`dynamodb:${name.replace('Command', '')}`)
      for (const [, key = ''] of JSON.stringify(input).matchAll(/":?namespace":\{"S":"([^"]+)"/g)) namespaces.add(key)
    })
    const sync = syncTo(storeOn(client))
    await sync()
    place.service.remove('flags', 'h')
    place.service.save('segments', { key: 's', included: [] })
    await sync()
    const store = storeOn()
    await store.upsert('features', { key: 'i', version: 1 })
    place.service.save('flags', rolloutFlag('i', 1))
    expect((await sync()).notOwned).toEqual(['i'])
    const policy = JSON.parse(readme.split('```json pipeline\n')[1]?.split('```')[0] ?? '')
    expect([...actions].toSorted()).toEqual(policy.Action)
    const allowed: readonly string[] = policy.Condition['ForAllValues:StringEquals']['dynamodb:LeadingKeys']
    expect([...namespaces].toSorted()).toEqual(
      allowed.map((key) => key.replace('production:', `${prefix}:`)).toSorted(),
    )
  })
})

it('is what the README shows, to the letter', () => {
  const [, file = '', text] = readme.match(/```ts file=(\S+)\n(.*?)```/s) ?? []
  expect(text).toBe(readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8'))
})

it('works as it is deployed: secrets from Secrets Manager, a webhook, and the schedule when one was lost', async () => {
  const secrets = await startSecretsManager()
  const env = {
    ...{ AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.endpoint, AWS_ENDPOINT_URL_DYNAMODB: place.dynamodb.endpoint },
    ...{
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'b',
      LAUNCHDARKLY_URI: place.service.url,
    },
  }
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  const said = vi.spyOn(console, 'log').mockImplementation(() => {})
  const client = new SecretsManagerClient({})
  try {
    await client.send(new CreateSecretCommand({ Name: 'launchdarkly/sdk-key', SecretString: SDK_KEY }))
    await client.send(new CreateSecretCommand({ Name: 'launchdarkly/webhook', SecretString: WEBHOOK_SECRET }))
    const { webhook, schedule } = await import('../src/launchdarkly-pipeline.ts')
    prefix = 'production'
    expect((await schedule()).changes.map(({ key }) => key)).toContain('a')
    expect(await webhook(place.service.save('flags', rolloutFlag('a', 77)))).toMatchObject({ statusCode: 200 })
    await expectRepaired()
    expect(await webhook({ headers: {}, body: '{}' })).toMatchObject({ statusCode: 401 })

    place.service.save('flags', rolloutFlag('a', 0)) // Its webhook is lost.
    expect((await schedule()).changes).toMatchObject([{ key: 'a' }])
    await expectRepaired()
    const lines = said.mock.calls.map(([line]) => String(line))
    expect(lines.map((line) => JSON.parse(line).code)).toEqual([
      'launchdarkly_synced',
      'launchdarkly_synced',
      'launchdarkly_webhook_refused',
      'launchdarkly_synced',
    ])
    expect(lines.join()).not.toMatch(new RegExp(`${SDK_KEY}|${WEBHOOK_SECRET}`))
  } finally {
    said.mockRestore()
    client.destroy()
    vi.unstubAllEnvs()
    await secrets.close()
  }
})
