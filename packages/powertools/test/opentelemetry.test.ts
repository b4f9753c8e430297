import { context, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { withEvaluatedFlags, withHonouredDecisions, withRecordScope } from '@waybill/core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { variationSpans } from '../src/opentelemetry.ts'
import { event, flags, keys, kinesisRecord, pause, tokenOf, type Variation } from './fixture.ts'

const exporter = new InMemorySpanExporter()
const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager())
  trace.setGlobalTracerProvider(provider)
})
beforeEach(() => exporter.reset())
afterAll(() => {
  trace.disable()
  context.disable()
})

const options = { flags, keys, observers: [variationSpans()] }
/** As an instrumentation of Lambda does. */
const inSpan = <T>(run: () => Promise<T>): Promise<T> =>
  trace.getTracer('test').startActiveSpan('handler', async (span) => {
    try {
      return await run()
    } finally {
      span.end()
    }
  })
const spansNamed = (name: string): readonly ReadableSpan[] =>
  exporter.getFinishedSpans().filter((span) => span.name === name)

describe('an invocation', () => {
  test('has an event for each observed flag on the active span, and an attribute to filter by', async () => {
    await inSpan(() =>
      withHonouredDecisions(() => pause(), options)(event(tokenOf('canary', undefined, { bucketed: true }))),
    )
    const [span] = spansNamed('handler')
    expect(span?.attributes).toEqual({ 'feature_flag.new-order-flow.result.variant': 'canary' })
    expect(span?.events.map(({ name, attributes }) => ({ name, attributes }))).toEqual([
      {
        name: 'feature_flag.evaluation',
        attributes: {
          'feature_flag.key': 'new-order-flow',
          'feature_flag.result.variant': 'canary',
          'feature_flag.result.reason': 'split',
          'feature_flag.version': '3',
          'feature_flag.provider.name': 'waybill',
          'feature_flag.context.id': 'subject',
          'waybill.origin': 'propagated',
        },
      },
    ])
  })

  test('says why where nothing was decided', async () => {
    await inSpan(() => withHonouredDecisions(() => pause(), options)(event()))
    expect(spansNamed('handler')[0]?.events[0]?.attributes).toMatchObject({
      'feature_flag.result.variant': 'control',
      'feature_flag.result.reason': 'default',
      'waybill.origin': 'default',
    })
  })

  test('goes on where nothing is traced', async () => {
    expect(await withHonouredDecisions(() => 'handled', options)(event(tokenOf('canary')))).toBe('handled')
    expect(exporter.getFinishedSpans()).toEqual([])
  })

  test('at the edge has the reason of the evaluation', async () => {
    const decisions = [
      { value: true, variation: 'canary', version: 9, reason: 'TARGET_MATCH' as const },
      { value: false, variation: 'off', version: 1, reason: 'OFF' as const },
    ]
    const source = { decide: () => ({ status: 'live', decisions }) as const }
    await inSpan(() =>
      withEvaluatedFlags(() => pause(), { ...options, source, context: () => ({ key: 'ada' }) })(event()),
    )
    expect(spansNamed('handler')[0]?.events[0]?.attributes).toMatchObject({
      'feature_flag.result.reason': 'targeting_match',
      'feature_flag.version': '9',
      'feature_flag.context.id': keys.fingerprint('ada'),
    })
  })
})

describe('records in parallel', () => {
  test('have a span each, below the invocation, with what they called below it', async () => {
    const variations: readonly Variation[] = ['canary', 'control', 'canary']
    const onRecord = withRecordScope(async (record: { kinesis: { sequenceNumber: string } }) => {
      await pause()
      trace.getTracer('test').startSpan(`call-${record.kinesis.sequenceNumber}`).end()
      if (record.kinesis.sequenceNumber === '2') throw new Error('sold out')
    })
    const Records = variations.map((one, n) => kinesisRecord(n, { n }, tokenOf(one)))
    const handler = withHonouredDecisions(
      (batch: { Records: typeof Records }) => Promise.allSettled(batch.Records.map((one) => onRecord(one))),
      options,
    )
    await inSpan(() => handler({ Records }))
    const [invocation] = spansNamed('handler')
    expect(invocation?.attributes).toEqual({})
    const records = spansNamed('record').toSorted((a, b) => a.startTime[1] - b.startTime[1])
    expect(records.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual(
      Array(3).fill(invocation?.spanContext().spanId),
    )
    const bySpan = new Map(records.map((span) => [span.spanContext().spanId, span]))
    const seen = variations.map((_, n) => {
      const [call] = spansNamed(`call-${n}`)
      return bySpan.get(call?.parentSpanContext?.spanId ?? '')?.attributes['feature_flag.new-order-flow.result.variant']
    })
    expect(seen).toEqual(variations)
    const failed = records.filter(({ status }) => status.code === SpanStatusCode.ERROR)
    expect(failed.map(({ events }) => events.map(({ name }) => name))).toEqual([
      ['feature_flag.evaluation', 'exception'],
    ])
  })
})
