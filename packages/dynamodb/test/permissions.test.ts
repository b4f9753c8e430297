import { readFileSync } from 'node:fs'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { type DynamoDb, startDynamoDb } from '@waybill/local'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { dynamoDbAffectedUsers } from '../src/affected-users.ts'
import { dynamoDbFlagReader } from '../src/flag-reader.ts'
import { dynamoDbFlagStore } from '../src/flag-store.ts'
import { dynamoDbPinStore } from '../src/pin-store.ts'
import { dynamoDbRecallSource } from '../src/recall-source.ts'
import { clientAt, intercept, newTable } from './engine.ts'

interface Policy {
  readonly Action: readonly string[]
  readonly Condition: Readonly<Record<string, { readonly 'dynamodb:LeadingKeys': readonly string[] }>>
}

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const policyOf = (role: string): Policy => JSON.parse(readme.split(`\`\`\`json ${role}\n`)[1]?.split('```')[0] ?? '')
const keysOf = (policy: Policy): readonly string[] =>
  Object.values(policy.Condition).flatMap((condition) => condition['dynamodb:LeadingKeys'])

let server: DynamoDb
let own: DynamoDBClient
beforeAll(async () => {
  server = await startDynamoDb()
  own = clientAt(server.endpoint)
})
afterAll(async () => {
  own.destroy()
  await server.close()
})

/** A client that notes the actions and partition keys it sends. */
function watched() {
  const client = clientAt(server.endpoint)
  const actions = new Set<string>()
  const partitions = new Set<string>()
  intercept(client, (sent, go) => {
    actions.add(`dynamodb:${sent.name.replace('Command', '')}`)
    // A key's namespace, or a query's value of it.
    for (const [, key = ''] of JSON.stringify(sent.input).matchAll(/"(?:namespace|:namespace)":\{"S":"([^"]+)"/g)) {
      partitions.add(key)
    }
    // A table of pins has no sort key.
    const pinned = (sent.input['Item'] as { readonly key?: { readonly S: string } } | undefined)?.key
    if (pinned !== undefined) partitions.add(pinned.S)
    return go()
  })
  return { client, actions, partitions }
}

it('an edge function sends what its policy allows, and all of it', async () => {
  const tableName = await newTable(own)
  await dynamoDbFlagStore({ client: own, tableName, prefix: 'prod' }).init({ flags: {} })
  const { client, actions, partitions } = watched()
  const reader = dynamoDbFlagReader({ client, tableName, prefix: 'prod' })
  await reader.readAll()
  await reader.readMeta()
  expect([...actions].toSorted()).toEqual(policyOf('edge').Action)
  expect([...partitions].toSorted()).toEqual(keysOf(policyOf('edge')).toSorted())
  client.destroy()
})

it('a writer sends what its policy allows, and all of it', async () => {
  const tableName = await newTable(own)
  const { client, actions, partitions } = watched()
  const store = dynamoDbFlagStore({ client, tableName, prefix: 'prod' })
  await store.init({ flags: { a: { key: 'a', version: 1 }, b: { key: 'b', version: 1 } } })
  await store.init({ flags: { a: { key: 'a', version: 2 } } })
  await store.upsert('segments', { key: 's', version: 1 })
  const record = { kind: 'features', subject: 'a', action: 'on', who: 'ada', atMs: 1, comment: 'why' } as const
  const audit = { ...record, key: 'a/1/x', version: 1 }
  await store.put('features', { key: 'a', version: 3 }, { ifVersion: 2, record: audit })
  await store.put('owners', { key: 'a', version: 2, owner: 'launchdarkly' }, { ifVersion: 1 })
  for (const kind of ['features', 'segments', 'owners', 'audit', 'recalls', 'rollouts'] as const) await store.list(kind)
  expect([...actions].toSorted()).toEqual(policyOf('writer').Action)
  expect(keysOf(policyOf('writer'))).toEqual(['prod:*'])
  expect([...partitions].filter((key) => !key.startsWith('prod:'))).toEqual([])
  expect(partitions.size).toBe(6)
  client.destroy()
})

it('a function that follows recalls sends what its policy allows, and no more', async () => {
  const tableName = await newTable(own)
  const { client, actions, partitions } = watched()
  await dynamoDbRecallSource({ client, tableName, prefix: 'prod' }).refresh?.()
  expect([...actions]).toEqual(policyOf('recalls').Action)
  expect([...partitions]).toEqual(keysOf(policyOf('recalls')))
  client.destroy()
})

it('an edge that pins sends what its policy allows, and no more', async () => {
  const { client, actions, partitions } = watched()
  const store = dynamoDbPinStore({ client, tableName: 'pins', prefix: 'place-order', warn: () => {} })
  await expect(store.claim('k', 'wb1.x', 60)).rejects.toThrow()
  expect([...actions]).toEqual(policyOf('pins').Action)
  expect(keysOf(policyOf('pins'))).toEqual(['place-order:*'])
  expect([...partitions]).toEqual(['place-order:k'])
  client.destroy()
})

it('a function that counts affected users writes here what its policy allows, and its reader reads the totals alone', async () => {
  const client = clientAt(server.endpoint)
  const actions = new Set<string>()
  const partitions = new Set<string>()
  intercept(client, (sent, go) => {
    // A transaction has no permission of its own: what it holds needs its own.
    // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
    const held = (sent.input['TransactItems'] ?? []) as readonly Record<string, object>[]
    for (const action of held.flatMap((item) => Object.keys(item))) actions.add(`dynamodb:${action}Item`)
    if (held.length === 0) actions.add(`dynamodb:${sent.name.replace('Command', '')}`)
    for (const [, key = ''] of JSON.stringify(sent.input).matchAll(/"(?:key|:key)":\{"S":"([^"]+)"/g))
      partitions.add(key)
    return go()
  })
  const store = dynamoDbAffectedUsers({ client, tableName: 'users', prefix: 'prod', warn: () => {} })
  const user = {
    flag: 'f',
    rollout: 'r',
    variation: 'v',
    version: 1,
    kind: 'error',
    subject: 's',
    expiresAtSeconds: 60,
  } as const
  await expect(store.add(user)).rejects.toThrow()
  expect([...actions].toSorted()).toEqual(policyOf('affected-users').Action)
  const allowed = keysOf(policyOf('affected-users')).map((key) => key.slice(0, -1))
  expect(allowed.map((start) => [...partitions].filter((key) => key.startsWith(start)).length)).toEqual([1, 1])
  expect(partitions.size).toBe(2)
  actions.clear()
  partitions.clear()
  await expect(store.totals('f', 'r')).rejects.toThrow()
  expect([...actions]).toEqual(policyOf('totals').Action)
  expect([...partitions].map((key) => key.startsWith('prod:totals:'))).toEqual([true])
  expect(keysOf(policyOf('totals'))).toEqual(['prod:totals:*'])
  client.destroy()
})
