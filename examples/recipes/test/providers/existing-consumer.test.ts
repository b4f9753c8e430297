import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { OpenFeature } from '@openfeature/server-sdk'
import { withHonouredDecisions, withRecordScope } from '@waybill/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ordersQueue } from './orders.ts'

type Pack = (record: { readonly body: string }) => Promise<string>

const lines = (name: string) =>
  readFileSync(join(import.meta.dirname, `../../src/providers/${name}.ts`), 'utf8').split('\n')

describe('existing OpenFeature code in a consumer', () => {
  let queue: Awaited<ReturnType<typeof ordersQueue>>
  let order: (country: string) => Promise<unknown>
  beforeAll(async () => {
    queue = await ordersQueue()
    const { handler } = await import('../../src/providers/in-memory.ts')
    order = async (country) => handler({ orderId: 'o-1', userId: 'ada', country })
  })
  afterAll(async () => {
    await OpenFeature.clearProviders()
    await queue?.close()
  })

  /** The function’s entry point: the middleware or the wrapper opens each record’s scope around code that knows nothing of it. */
  async function consume(pack: Pack): Promise<readonly string[]> {
    const { flags, keys } = await import('../../src/flags.ts')
    const onRecord = withRecordScope(pack as Pack & ((record: object) => Promise<string>))
    const handler = withHonouredDecisions(
      (event: { readonly Records: readonly object[] }) => Promise.all(event.Records.map((record) => onRecord(record))),
      { flags, keys },
    )
    return handler((await queue.take()) as never)
  }

  it('and all else in the README is a file that is run here, to the letter', () => {
    const root = join(import.meta.dirname, '../../../..')
    const readme = readFileSync(join(root, 'packages/openfeature/README.md'), 'utf8')
    const shown = [...readme.matchAll(/```ts(?: file=(\S+))?\n(.*?)```/gs)]
    expect(shown).toHaveLength(3)
    for (const [, file = '', text] of shown) expect(text).toBe(readFileSync(join(root, file), 'utf8'))
  })

  it('is the same file but for the provider’s line', () => {
    const before = lines('consumer-before')
    const after = lines('consumer-after')
    expect(after).toHaveLength(before.length)
    const changed = after.flatMap((line, index) => (line === before[index] ? [] : [line]))
    expect(changed).toEqual(["import { waybillProvider as provider } from '@waybill/openfeature/provider'"])
  })

  it('asks the provider that it had for what nobody decided', async () => {
    await import('../../src/providers/both-providers.ts')
    const client = OpenFeature.getClient()
    const dutch = { targetingKey: 'ada', country: 'NL' }
    const ask = async () => String((await client.getBooleanDetails('new-order-flow', false, dutch)).reason)
    expect(await ask()).toBe('TARGETING_MATCH')
    await order('BE')
    expect(await consume(ask)).toEqual(['CACHED'])
  })

  it('decides again with its own provider, and honours what was decided with ours', async () => {
    const { pack: before } = await import('../../src/providers/consumer-before.ts')
    await order('NL')
    // The edge had chosen the new way for Ada; this function, which does not know her country, chooses the old.
    expect(await consume(before)).toEqual(['o-1: old box, TARGETING_MATCH'])
    const { pack: after } = await import('../../src/providers/consumer-after.ts')
    await order('NL')
    expect(await consume(after)).toEqual(['o-1: new box, CACHED'])
    await order('BE')
    expect(await consume(after)).toEqual(['o-1: old box, CACHED'])
  })
})
