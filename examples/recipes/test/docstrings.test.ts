import { deepStrictEqual } from 'node:assert/strict'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { BatchProcessor, EventType } from '@aws-lambda-powertools/batch'
import { Logger } from '@aws-lambda-powertools/logger'
import { Tracer } from '@aws-lambda-powertools/tracer'
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import { KinesisClient } from '@aws-sdk/client-kinesis'
import { SQSClient } from '@aws-sdk/client-sqs'
import middy from '@middy/core'
import * as core from '@waybill/core'
import * as coreTesting from '@waybill/core/testing'
import * as dynamodb from '@waybill/dynamodb'
import * as flagsPackage from '@waybill/flags'
import * as flagsTesting from '@waybill/flags/testing'
import * as skins from '@waybill/middy'
import * as logger from '@waybill/powertools/logger'
import * as metrics from '@waybill/powertools/metrics'
import * as opentelemetry from '@waybill/powertools/opentelemetry'
import * as parameter from '@waybill/powertools/parameter'
import * as secret from '@waybill/powertools/secret'
import * as tracer from '@waybill/powertools/tracer'
import * as rollout from '@waybill/rollout'
import * as rolloutCloudWatch from '@waybill/rollout/cloudwatch'
import * as rolloutEvents from '@waybill/rollout/eventbridge'
import { afterAll, describe, expect, it, vi } from 'vitest'

const root = resolve(import.meta.dirname, '../../..')
const packages = ['core', 'flags', 'middy', 'powertools', 'dynamodb', 'rollout']
const files = packages.flatMap((name) => globSync(`packages/${name}/src/**/*.ts`, { cwd: root })).sort()

const examples = files.flatMap((file) =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/@example\n(.*?)\*\//gs)].map(([, comment = '']) => ({
    file,
    code: comment.replaceAll(/^\s*\* ?/gm, '').replace(/```ts\n([\s\S]*?)```[\s\S]*/, '$1'),
  })),
)

const directory = mkdtempSync(join(tmpdir(), 'waybill-'))
const flagsFile = join(directory, 'flags.json')
writeFileSync(flagsFile, '{ "flags": {} }')
afterAll(() => rmSync(directory, { recursive: true }))
vi.stubEnv('AWS_REGION', 'eu-west-1')

/** A store of its own for each example, with a flag that is on. */
async function filledStore(): Promise<flagsPackage.FlagStore> {
  const store = flagsPackage.memoryStore()
  const named = { variations: [false, true], variationNames: ['control', 'canary'] }
  const flag = { key: 'new-order-flow', version: 1, on: true, ...named, fallthrough: { variation: 0 } }
  await store.init({ flags: { [flag.key]: flag } })
  return store
}

/** What the examples take as given. */
const given: Readonly<Record<string, unknown>> = {
  ...coreTesting,
  ...flagsTesting,
  ...core,
  ...flagsPackage,
  ...dynamodb,
  ...skins,
  ...logger,
  ...metrics,
  ...opentelemetry,
  ...parameter,
  ...secret,
  ...tracer,
  ...rollout,
  ...rolloutCloudWatch,
  ...rolloutEvents,
  // The file of a deployed function, and a network: neither is here.
  fileSource: () => flagsPackage.fileSource(flagsFile),
  globalThis: { fetch: async () => new Response('ok') },
  flags: core.declareFlags({ 'new-order-flow': { variations: { control: false, canary: true }, default: 'control' } }),
  keys: core.keyRing({ signing: { id: 'k1', secret: Buffer.alloc(32, 1) } }),
  source: flagsPackage.memorySource(),
  plan: rollout.checkedPlan({
    id: 'new-order-flow-1',
    flag: 'new-order-flow',
    canary: 'canary',
    control: 'control',
    preset: 'LambdaCanary10Percent5Minutes',
  }),
  buffer: [],
  bytes: Buffer.from('{}'),
  order: { id: 'o-1' },
  middy,
  BatchProcessor,
  EventType,
  Logger,
  Tracer,
  parser: () => ({}),
  innerSchema: {},
  CloudWatchClient,
  DynamoDBClient,
  EventBridgeClient,
  KinesisClient,
  SQSClient,
  carrier: { name: 'mine' },
  deliver: () => ({}),
  describe: (_name: string, body: () => void) => body(),
  test: () => {},
}

/** `expression // literal` is a promise: it is held to it. Other comments are prose. */
function withPromises(code: string): string {
  return code.replaceAll(
    /^(\s*)(\S.*?\S) \/\/ (true|false|-?\d+|'[^']*'|\{ \w+: '[^']*' \}|\[[^\]]*\])(?=[,:]|$).*$/gm,
    '$1__equal(await ($2), $3)',
  )
}

describe('the examples of public docstrings run, and give what they say', () => {
  it('there are some in every package', () => {
    for (const name of packages)
      expect(
        examples.some(({ file }) => file.includes(`/${name}/`)),
        name,
      ).toBe(true)
  })

  it.each(examples.map(({ file, code }, index) => [file, index, code] as const))(
    '%s (%i)',
    async (_file, _index, code) => {
      const script = withPromises(stripTypeScriptTypes(code).replaceAll(/^export /gm, ''))
      const names = [...Object.keys(given), 'store', '__equal']
      const run = new Function(...names, `return (async () => { { ${script}\n } })()`)
      await run(...Object.values(given), await filledStore(), deepStrictEqual)
    },
  )
})
