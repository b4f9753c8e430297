import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import middy from '@middy/core'
import { declareFlags, withHonouredDecisions, withRecordScope } from '@waybill/core'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { variationTraces } from '../src/tracer.ts'
import { event, flags, keys, kinesisRecord, pause, tokenOf, type Variation } from './fixture.ts'

/** What the daemon gets: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html */
interface Document {
  readonly name: string
  readonly id: string
  readonly parent_id: string
  readonly annotations?: Readonly<Record<string, unknown>>
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly fault?: boolean
  readonly cause?: { readonly exceptions: readonly { readonly message: string }[] }
}

let daemon: Socket
let documents: Document[] = []
let tools: typeof import('@aws-lambda-powertools/tracer')
let captureLambdaHandler: typeof import('@aws-lambda-powertools/tracer/middleware').captureLambdaHandler
let traces = 0

/** A new trace for each invocation, as Lambda does it. */
function newTrace(): void {
  traces += 1
  const root = `1-5f84c7a1-${String(traces).padStart(24, '0')}`
  process.env['_X_AMZN_TRACE_ID'] = `Root=${root};Parent=94b9f7ba3fd41a4d;Sampled=1`
}

beforeAll(async () => {
  daemon = createSocket('udp4')
  daemon.bind(0, '127.0.0.1')
  await once(daemon, 'listening')
  daemon.on('message', (packet) => documents.push(JSON.parse(packet.toString().split('\n')[1] ?? '')))
  // The SDK reads all of it while it loads.
  vi.stubEnv('AWS_XRAY_DAEMON_ADDRESS', `127.0.0.1:${daemon.address().port}`)
  vi.stubEnv('AWS_XRAY_CONTEXT_MISSING', 'IGNORE_ERROR')
  vi.stubEnv('LAMBDA_TASK_ROOT', '/var/task')
  vi.stubEnv('AWS_EXECUTION_ENV', 'AWS_Lambda_nodejs24.x')
  vi.stubEnv('_HANDLER', 'index.handler')
  vi.stubEnv('_X_AMZN_TRACE_ID', '')
  newTrace()
  tools = await import('@aws-lambda-powertools/tracer')
  captureLambdaHandler = (await import('@aws-lambda-powertools/tracer/middleware')).captureLambdaHandler
})
beforeEach(() => {
  documents = []
  newTrace()
})
afterAll(() => {
  daemon.close()
  vi.unstubAllEnvs()
})

/** Until the packets are there. */
async function documentsOf(count: number): Promise<readonly Document[]> {
  await vi.waitFor(() => expect(documents.length).toBeGreaterThanOrEqual(count), { timeout: 5000 })
  await pause()
  expect(documents).toHaveLength(count)
  return documents
}
const tracerOf = () => new tools.Tracer({ serviceName: 'orders', captureHTTPsRequests: false })

describe('an invocation', () => {
  test('annotates the subsegment of captureLambdaHandler, which stands around it', async () => {
    const tracer = tracerOf()
    const handler = middy(
      withHonouredDecisions(() => pause(), { flags, keys, observers: [variationTraces({ tracer })] }) as never,
    ).use(captureLambdaHandler(tracer))
    await handler(event(tokenOf('canary')) as never, {} as never)
    expect(await documentsOf(1)).toMatchObject([
      { name: '## index.handler', annotations: { Service: 'orders', flag_new_order_flow: 'canary' } },
    ])
  })

  test('opens a subsegment where there is none, since Lambda’s own segment takes no annotations', async () => {
    const warn = vi.spyOn(console, 'warn')
    const tracer = tracerOf()
    const handler = withHonouredDecisions(() => pause(), { flags, keys, observers: [variationTraces({ tracer })] })
    await handler(event(tokenOf('control')))
    expect(await documentsOf(1)).toMatchObject([
      { name: '## index.handler', parent_id: '94b9f7ba3fd41a4d', annotations: { flag_new_order_flow: 'control' } },
    ])
    expect(warn).not.toHaveBeenCalled()
  })

  test('that fails closes it once, with its error', async () => {
    const tracer = tracerOf()
    const observers = [variationTraces({ tracer })]
    const throwing = () => {
      throw new Error('boom')
    }
    await expect(withHonouredDecisions(throwing, { flags, keys, observers })(event())).rejects.toThrow('boom')
    await withHonouredDecisions(() => ({ statusCode: 500 }), { flags, keys, observers })(event())
    const [thrown, answered] = await documentsOf(2)
    expect(thrown?.cause?.exceptions.map(({ message }) => message)).toEqual(['boom'])
    expect(answered).toMatchObject({ fault: true })
  })

  test('makes keys that X-Ray takes, one for each flag', async () => {
    const odd = declareFlags({
      'a-b': { variations: { off: 0, on: 1 }, default: 'on', observe: true },
      'a.b': { variations: { off: 0, on: 1 }, default: 'off', observe: true },
      'shop/size!': { variations: { s: 0, l: 1 }, default: 'l', observe: true },
    })
    const handler = withHonouredDecisions(() => pause(), {
      flags: odd,
      keys,
      observers: [variationTraces({ tracer: tracerOf() })],
    })
    await handler(event())
    const [{ annotations } = {}] = await documentsOf(1)
    expect(annotations).toEqual({ flag_a_b: 'on', flag_a_b_2: 'off', flag_shop_size_: 'l' })
  })

  test('leaves alone what is not traced', async () => {
    vi.stubEnv('POWERTOOLS_TRACE_ENABLED', 'false')
    const tracer = tracerOf()
    vi.stubEnv('POWERTOOLS_TRACE_ENABLED', undefined)
    const handler = withHonouredDecisions(() => 'handled', { flags, keys, observers: [variationTraces({ tracer })] })
    expect(await handler(event(tokenOf('canary')))).toBe('handled')
    await pause()
    expect(documents).toEqual([])
  })
})

describe('records in parallel', () => {
  const run = async (variations: readonly Variation[]) => {
    const tracer = tracerOf()
    const onRecord = withRecordScope(async ({ kinesis }: { kinesis: { sequenceNumber: string } }) => {
      const number = Number(kinesis.sequenceNumber)
      for (let turn = 3 - (number % 3); turn > 0; turn -= 1) await pause()
      // As a captured SDK client does.
      await tracer.provider.captureAsyncFunc(`call-${number}`, async (call) => {
        await pause()
        call?.close()
      })
      if (number === 1) throw new Error('sold out')
    })
    const Records = variations.map((one, n) => kinesisRecord(n, { n }, tokenOf(one)))
    const handler = withHonouredDecisions(
      (batch: { Records: typeof Records }) => Promise.allSettled(batch.Records.map((one) => onRecord(one))),
      { flags, keys, observers: [variationTraces({ tracer })] },
    )
    await handler({ Records })
    return documentsOf(2 * variations.length)
  }

  test('have a subsegment each with their own variation, and their calls below it', async () => {
    const variations: readonly Variation[] = ['canary', 'control', 'canary', 'control', 'control']
    const all = await run(variations)
    const records = new Map(all.filter(({ name }) => name === '## record').map((one) => [one.id, one]))
    expect(records.size).toBe(5)
    expect([...records.values()].map(({ parent_id }) => parent_id)).toEqual(Array(5).fill('94b9f7ba3fd41a4d'))
    const seen = variations.map((_, n) => {
      const call = all.find(({ name }) => name === `call-${n}`)
      return records.get(call?.parent_id ?? '')?.annotations?.['flag_new_order_flow']
    })
    expect(seen).toEqual(variations)
    const failed = [...records.values()].filter(({ cause }) => cause !== undefined)
    expect(failed.map(({ annotations }) => annotations)).toEqual([{ flag_new_order_flow: 'control' }])
  })

  test('annotate fifty times a trace, and say the rest as metadata', async () => {
    const records = (await run(Array(60).fill('canary'))).filter(({ name }) => name === '## record')
    expect(records.filter(({ annotations }) => annotations?.['flag_new_order_flow'] === 'canary')).toHaveLength(50)
    const rest = records.filter(({ metadata }) => metadata !== undefined)
    expect(rest.map(({ metadata }) => metadata)).toEqual(
      Array(10).fill({ waybill: { variations: { 'new-order-flow': 'canary' } } }),
    )
  })
})
