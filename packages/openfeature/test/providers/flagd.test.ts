import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FlagdProvider } from '@openfeature/flagd-provider'
import { OpenFeature, ProviderEvents } from '@openfeature/server-sdk'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openFeatureSource } from '../../src/source.ts'
import { ada, flags } from '../memory-flags.ts'

let directory: string
let file: string

/** https://flagd.dev/reference/flag-definitions/ */
const definitions = (country: string) =>
  JSON.stringify({
    flags: {
      'new-order-flow': {
        state: 'ENABLED',
        variants: { control: false, canary: true },
        defaultVariant: 'control',
        metadata: { version: 12 },
        targeting: { if: [{ '==': [{ var: 'country' }, country] }, 'canary'] },
      },
      banner: {
        state: 'ENABLED',
        variants: { short: 'Hi', long: 'Good morning' },
        defaultVariant: 'short',
        targeting: {
          fractional: [
            ['short', 0],
            ['long', 100],
          ],
        },
      },
      limit: { state: 'DISABLED', variants: { low: 10, high: 20 }, defaultVariant: 'high' },
      layout: { state: 'ENABLED', variants: { list: { columns: 1 }, grid: { columns: 3 } }, defaultVariant: 'grid' },
    },
  })

describe('flagd', () => {
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'waybill-flagd-'))
    file = join(directory, 'flags.json')
    await writeFile(file, definitions('NL'))
  })
  afterEach(() => OpenFeature.clearProviders())
  afterAll(() => rm(directory, { recursive: true, force: true }))

  it('in-process, from a file: variant and the flag’s metadata survive, and a percentage looks like a rule', async () => {
    const source = openFeatureSource(new FlagdProvider({ resolverType: 'in-process', offlineFlagSourcePath: file }))
    expect(await source.decide(ada, flags.all)).toEqual({
      status: 'live',
      decisions: [
        { value: true, variation: 'canary', version: 12, reason: 'RULE_MATCH', bucketed: false },
        { value: 'Good morning', variation: 'long', version: 0, reason: 'RULE_MATCH', bucketed: false },
        { value: 10, variation: '', version: 0, reason: 'OFF', bucketed: false },
        { value: { columns: 3 }, variation: 'grid', version: 0, reason: 'PROVIDER', bucketed: false },
      ],
    })
  })

  // It looks at the file every five seconds.
  it('sees a change of its file, and so does a source that keeps answers', { timeout: 30_000 }, async () => {
    const provider = new FlagdProvider({ resolverType: 'in-process', offlineFlagSourcePath: file })
    const source = openFeatureSource(provider, { cacheSeconds: 600 })
    expect(await source.decide(ada, flags.all)).toMatchObject({ decisions: [{ variation: 'canary' }, {}, {}, {}] })
    const changed = new Promise<void>((resolve) => {
      provider.events.addHandler(ProviderEvents.ConfigurationChanged, () => resolve())
    })
    await writeFile(file, definitions('BE'))
    await changed
    expect(await source.decide(ada, flags.all)).toMatchObject({ decisions: [{ variation: 'control' }, {}, {}, {}] })
  })

  it.each([
    ['its file is not there', { resolverType: 'in-process', offlineFlagSourcePath: '/nowhere/flags.json' }],
    ['its sync server is down', { resolverType: 'in-process', host: '127.0.0.1', port: 1 }],
    ['the daemon that it asks is down', { resolverType: 'rpc', host: '127.0.0.1', port: 1 }],
  ] as const)('has no answer while %s', async (_what, options) => {
    const source = openFeatureSource(new FlagdProvider(options), { deadlineMs: 100 })
    expect(await source.decide(ada, flags.all)).toEqual({ status: 'unavailable' })
  })
})
