import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { OpenFeature, type Provider } from '@openfeature/server-sdk'
import { SplitFactory } from '@splitsoftware/splitio'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openFeatureSource } from '../../src/source.ts'
import { ada, flags } from '../memory-flags.ts'

interface SplitProvider {
  readonly OpenFeatureSplitProvider: new (options: { readonly splitClient: object }) => Provider
}

let directory: string
let OpenFeatureSplitProvider: SplitProvider['OpenFeatureSplitProvider']

/** https://help.split.io/hc/en-us/articles/360020564931-Node-js-SDK#localhost-mode */
const treatments = `
- new-order-flow:
    treatment: "on"
    keys: "ada"
- new-order-flow:
    treatment: "off"
- banner:
    treatment: "Good morning"
- limit:
    treatment: "20"
- layout:
    treatment: '{"columns":3}'
`

/**
 * The provider, as published, is TypeScript without compiled code, which Node does not load from `node_modules`: it is
 * compiled by the bundler, as in a deployment. It is made for Split's SDK 10, and for OpenFeature's SDK under its former
 * name, for which the bundler takes the present one.
 */
async function compiled(): Promise<SplitProvider> {
  const outfile = join(directory, 'split-provider.mjs')
  const banner = { js: "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);" }
  const contents = "export * from '@splitsoftware/openfeature-js-split-provider'"
  await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    absWorkingDir: import.meta.dirname,
    alias: { '@openfeature/js-sdk': '@openfeature/server-sdk' },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner,
  })
  return (await import(pathToFileURL(outfile).href)) as SplitProvider
}

describe('Split’s provider', () => {
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'waybill-split-'))
    await writeFile(join(directory, 'split.yaml'), treatments)
    ;({ OpenFeatureSplitProvider } = await compiled())
  })
  afterAll(() => rm(directory, { recursive: true, force: true }))

  const factory = (key = 'localhost', settings: object = {}) =>
    SplitFactory({
      core: { authorizationKey: key },
      features: join(directory, 'split.yaml'),
      debug: 'NONE',
      ...settings,
    } as never)

  it('in localhost mode: the treatment is value and variant, and everything is a rule', async () => {
    const split = factory()
    const source = openFeatureSource(new OpenFeatureSplitProvider({ splitClient: split.client() }))
    const said = { version: 0, reason: 'RULE_MATCH', bucketed: false }
    expect(await source.decide(ada, flags.all)).toEqual({
      status: 'live',
      decisions: [
        { value: true, variation: 'on', ...said },
        { value: 'Good morning', variation: 'Good morning', ...said },
        { value: 20, variation: '20', ...said },
        { value: { columns: 3 }, variation: '{"columns":3}', ...said },
      ],
    })
    expect(await source.decide({ key: 'bob' }, flags.all)).toMatchObject({ decisions: [{ value: false }, {}, {}, {}] })
    await OpenFeature.clearProviders()
    await split.client().destroy()
  })

  it('has no answer while Split is down: it waits for its SDK, for ever', async () => {
    const down = 'http://127.0.0.1:1/api'
    const split = factory('sdk-key', {
      features: undefined,
      urls: { sdk: down, events: down, auth: down, streaming: down, telemetry: down },
    })
    const source = openFeatureSource(new OpenFeatureSplitProvider({ splitClient: split.client() }), { deadlineMs: 50 })
    expect(await source.decide(ada, flags.all)).toEqual({ status: 'unavailable' })
    await OpenFeature.clearProviders()
    await split.client().destroy()
  })
})
