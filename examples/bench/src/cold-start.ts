import { rm } from 'node:fs/promises'
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { dynamoDbFlagStore } from '@waybill/dynamodb'
import { startDynamoDb } from '@waybill/local'
import { type BundleOptions, bundle, bundleDirectory, freshMs, isInstalled } from './cold-start/fresh-process.ts'

const FLAGD = '@openfeature/flagd-provider'

interface Contender extends BundleOptions {
  readonly name: string
  readonly entry: string
  readonly aimKb?: number
}

const loaded: readonly Contender[] = [
  { name: 'Waybill, edge with a DynamoDB store, less the AWS SDK', entry: 'edge', withoutAws: true, aimKb: 30 },
  { name: 'Waybill, consumer that sends on', entry: 'consumer', withoutAws: true, aimKb: 15 },
  { name: 'Waybill, consumer at the end of a chain', entry: 'leaf-consumer', withoutAws: true, aimKb: 15 },
  { name: '@launchdarkly/node-server-sdk, without a store', entry: 'launchdarkly' },
  ...(isInstalled(FLAGD) ? [{ name: FLAGD, entry: 'flagd', contents: `export * from '${FLAGD}'` }] : []),
  { name: '@aws-sdk/client-dynamodb, two commands', entry: 'aws-dynamodb' },
]

const deciding: readonly Contender[] = [
  { name: 'Waybill: all 100 flags loaded', entry: 'decide-waybill' },
  { name: 'LaunchDarkly’s SDK, daemon mode: one flag read', entry: 'decide-launchdarkly' },
]

/** What a cold start pays, each in fresh processes: bundled size, import time, and from import to the first decision. */
export async function coldStart(): Promise<void> {
  const directory = await bundleDirectory()
  try {
    await sizesAndImports(directory)
    await firstDecisions(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function sizesAndImports(directory: string): Promise<void> {
  console.log('\nCold start, in fresh processes: bundled and minified by esbuild; import of the bundle, median of 11')
  for (const { name, entry, aimKb, ...options } of loaded) {
    const bundled = await bundle(directory, entry, options)
    const ms = await freshMs(bundled, { until: 'imported' })
    const kb = bundled.bytes / 1000
    const sizes = `${kb.toFixed(1).padStart(7)} kB (${(bundled.gzipBytes / 1000).toFixed(1).padStart(5)} gz)`
    const aim = aimKb === undefined ? '' : `  aim ${aimKb} kB${kb <= aimKb ? '' : '  MISSED'}`
    console.log(`  ${name.padEnd(54)} ${sizes} ${ms.toFixed(1).padStart(6)} ms${aim}`)
  }
  if (!isInstalled(FLAGD)) console.log(`  ${FLAGD} is not installed, so it is not measured`)
}

async function firstDecisions(directory: string): Promise<void> {
  const server = await startDynamoDb()
  const env = {
    AWS_ENDPOINT_URL_DYNAMODB: server.endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
  }
  await fillTable(server.endpoint)
  console.log(`\nDynamoDB on loopback (${server.engine}, 100 flags): import to the first decision, AWS SDK bundled`)
  const times: number[] = []
  for (const { name, entry } of deciding) {
    const ms = await freshMs(await bundle(directory, entry), { until: 'decided', env })
    times.push(ms)
    console.log(`  ${name.padEnd(54)} ${ms.toFixed(1).padStart(6)} ms  x${(ms / (times[0] ?? ms)).toFixed(2)}`)
  }
  await server.close()
}

async function fillTable(endpoint: string): Promise<void> {
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
  const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials })
  await client.send(
    new CreateTableCommand({
      TableName: 'flags',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['namespace', 'key'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: [
        { AttributeName: 'namespace', KeyType: 'HASH' },
        { AttributeName: 'key', KeyType: 'RANGE' },
      ],
    }),
  )
  const flag = { version: 1, on: true, variations: [false, true], fallthrough: { variation: 1 }, salt: 's' }
  const flags = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`f${n}`, { ...flag, key: `f${n}` }]))
  await dynamoDbFlagStore({ client, tableName: 'flags' }).init({ flags })
  client.destroy()
}
