import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { OpenFeature } from '@openfeature/server-sdk'
import { type LocalLaunchDarkly, startLaunchDarkly } from '@waybill/local'
import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Order } from '../../src/providers/orders.ts'
import { ordersQueue } from './orders.ts'

const directory = mkdtempSync(join(tmpdir(), 'waybill-providers-'))
let queue: Awaited<ReturnType<typeof ordersQueue>>
let packer: typeof import('../../src/providers/orders.ts')['packer']

/** What the providers’ own services answer to their SDKs. */
const served: Readonly<Record<string, unknown>> = {
  '/api/features/sdk-growthbook': {
    features: { 'new-order-flow': { defaultValue: false, rules: [{ condition: { country: 'NL' }, force: true }] } },
  },
  // https://configcat.com/docs/advanced/config-json-format: of a boolean, a rule on one attribute that is one of a list.
  '/configuration-files/configcat-sdk-1/0123456789012345678901/0123456789012345678901/config_v6.json': {
    p: { s: 'c2FsdA==' },
    f: {
      'new-order-flow': {
        t: 0,
        r: [{ c: [{ u: { a: 'Country', c: 0, l: ['NL'] } }], s: { v: { b: true }, i: 'canary' } }],
        v: { b: false },
        i: 'control',
      },
    },
  },
}

let launchDarkly: LocalLaunchDarkly
let service: Server

/** The handlers of one provider, and an order from each of two users: what the edge decided, and what the consumer did. */
async function chain(load: () => Promise<{ readonly handler: (order: Order) => unknown }>) {
  const { handler } = await load()
  const edge = [
    await handler({ orderId: 'o-1', userId: 'ada', country: 'NL' }),
    await handler({ orderId: 'o-2', userId: 'bob', country: 'BE' }),
  ]
  return { edge, consumer: [...(await packer((await queue.take()) as never))].sort() }
}
const honoured = {
  edge: [
    { statusCode: 202, variation: 'canary' },
    { statusCode: 202, variation: 'control' },
  ],
  consumer: ['o-1: canary', 'o-2: control'],
}

describe('the same two handlers, fed by', () => {
  beforeAll(async () => {
    queue = await ordersQueue()
    ;({ packer } = await import('../../src/providers/orders.ts'))
    service = createServer((request, response) => {
      const answer = served[new URL(request.url ?? '/', 'http://localhost').pathname]
      response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(answer ?? {}))
    })
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`
    vi.stubEnv('GROWTHBOOK_CLIENT_KEY', 'sdk-growthbook')
    vi.stubEnv('GROWTHBOOK_URL', url)
    vi.stubEnv('CONFIGCAT_SDK_KEY', 'configcat-sdk-1/0123456789012345678901/0123456789012345678901')
    vi.stubEnv('CONFIGCAT_URL', url)
    launchDarkly = await startLaunchDarkly({ sdkKey: 'sdk-launchdarkly' })
    vi.stubEnv('LAUNCHDARKLY_SDK_KEY', 'sdk-launchdarkly')
    vi.stubEnv('LAUNCHDARKLY_URL', launchDarkly.url)
  })
  afterEach(() => OpenFeature.clearProviders())
  afterAll(async () => {
    await launchDarkly?.close()
    service?.closeAllConnections()
    service?.close()
    await queue?.close()
    rmSync(directory, { recursive: true, force: true })
  })

  it('OpenFeature’s in-memory provider', async () => {
    expect(await chain(() => import('../../src/providers/in-memory.ts'))).toEqual(honoured)
  })

  it('flagd, in this process, from a file', async () => {
    const path = join(directory, 'flags.json')
    const targeting = { if: [{ '==': [{ var: 'country' }, 'NL'] }, 'canary'] }
    const variants = { control: false, canary: true }
    const flag = { state: 'ENABLED', variants, defaultVariant: 'control', targeting }
    writeFileSync(path, JSON.stringify({ flags: { 'new-order-flow': flag } }))
    vi.stubEnv('FLAGD_OFFLINE_FLAG_SOURCE_PATH', path)
    expect(await chain(() => import('../../src/providers/flagd.ts'))).toEqual(honoured)
  })

  it('LaunchDarkly', async () => {
    const clauses = [{ contextKind: 'user', attribute: 'country', op: 'in', values: ['NL'] }]
    launchDarkly.save('flags', {
      key: 'new-order-flow',
      on: true,
      variations: [false, true],
      fallthrough: { variation: 0 },
      offVariation: 0,
      rules: [{ id: 'dutch', clauses, variation: 1 }],
      salt: 's',
    })
    expect(await chain(() => import('../../src/providers/launchdarkly.ts'))).toEqual(honoured)
  })

  it('GrowthBook', async () => {
    expect(await chain(() => import('../../src/providers/growthbook.ts'))).toEqual(honoured)
  })

  it('ConfigCat', async () => {
    expect(await chain(() => import('../../src/providers/config-cat.ts'))).toEqual(honoured)
  })

  // Its provider is published as TypeScript, for OpenFeature's SDK under its former name: bundled, as it would be deployed,
  // with the present SDK under that name, it runs; as it is, Node refuses it.
  it('Split, in localhost mode', { timeout: 60_000 }, async () => {
    const path = join(directory, 'split.yaml')
    const treatment = (on: string) => `- new-order-flow:\n    treatment: "${on}"\n`
    writeFileSync(path, `${treatment('on')}    keys: "ada"\n${treatment('off')}`)
    vi.stubEnv('SPLIT_FILE', path)
    const outfile = join(directory, 'split.mjs')
    const requires = "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);"
    await build({
      entryPoints: [join(import.meta.dirname, '../../src/providers/split.ts')],
      absWorkingDir: import.meta.dirname,
      alias: { '@openfeature/js-sdk': '@openfeature/server-sdk' },
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      banner: { js: `${requires}const __dirname = import.meta.dirname;` },
      logLevel: 'error',
    })
    expect(await chain(() => import(pathToFileURL(outfile).href))).toEqual(honoured)
  })
})
