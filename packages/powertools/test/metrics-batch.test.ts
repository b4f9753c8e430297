import { Metrics } from '@aws-lambda-powertools/metrics'
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware'
import middy from '@middy/core'
import { withHonouredDecisions, withRecordScope } from '@waybill/core'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { variationMetrics } from '../src/metrics.ts'
import {
  flags,
  keys,
  kinesisRecord,
  type Line,
  parsed,
  pause,
  sink,
  summed,
  tokenOf,
  type Variation,
} from './fixture.ts'

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

describe('a batch', () => {
  const batchOf = (variations: readonly Variation[]) => ({
    Records: variations.map((variation, index) => kinesisRecord(index, { index }, tokenOf(variation))),
  })

  test('of 300 records at the same time: each counts for its own variation, in few lines', async () => {
    const { lines, write } = sink()
    const onRecord = withRecordScope(async (record: { kinesis: { sequenceNumber: string } }) => {
      flags.get('new-order-flow')
      await pause()
      if (record.kinesis.sequenceNumber === '3') throw new Error('bad record')
    })
    const handler = withHonouredDecisions(
      (batch: ReturnType<typeof batchOf>) => Promise.allSettled(batch.Records.map((record) => onRecord(record))),
      { flags, keys, observers: [variationMetrics({ write })] },
    )
    const variations = Array.from({ length: 300 }, (_, index): Variation => (index % 3 === 0 ? 'canary' : 'control'))
    await handler(batchOf(variations))
    expect(summed(lines, 'Started')).toEqual({ canary: '100 of 2', control: '200 of 2' })
    expect(summed(lines, 'Error')).toEqual({ canary: '1 of 100', control: '0 of 200' })
    expect(Object.keys(summed(lines, 'Latency')).sort()).toEqual(['canary', 'control'])
    expect(summed(lines, 'Decisions', 'origin')).toEqual({ propagated: '300 of 1' })
    expect(lines.length).toBeLessThan(10)
  })

  test('writes Started of each variation before its first handler, and all of one turn before anything comes back', async () => {
    const { lines, write } = sink()
    const seen: object[] = []
    const onRecord = withRecordScope(async (_record: object) => {
      seen.push(summed(lines, 'Started'))
      await undefined
      await pause()
      seen.push(summed(lines, 'Started'))
    })
    const handler = withHonouredDecisions(
      (batch: ReturnType<typeof batchOf>) => Promise.all(batch.Records.map((record) => onRecord(record))),
      { flags, keys, observers: [variationMetrics({ write })] },
    )
    await handler(batchOf(['control', 'canary', 'canary', 'control', 'canary']))
    const first = { control: '1 of 1', canary: '1 of 1' }
    const all = { control: '2 of 2', canary: '3 of 2' }
    expect(seen.slice(0, 5)).toEqual([{ control: '1 of 1' }, first, first, first, first])
    expect(seen.slice(5)).toEqual(Array(5).fill(all))
  })

  test('that never comes back has said within 100 ms all that started and finished', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const { lines, write } = sink()
    const onRecord = withRecordScope(async (record: { kinesis: { sequenceNumber: string } }) => {
      if (record.kinesis.sequenceNumber === '3') await new Promise<never>(() => undefined)
    })
    const handler = withHonouredDecisions(
      async (batch: ReturnType<typeof batchOf>) => {
        for (const record of batch.Records) await onRecord(record)
      },
      { flags, keys, observers: [variationMetrics({ write })] },
    )
    void handler(batchOf(['canary', 'canary', 'canary', 'canary', 'canary']))
    await pause()
    expect(summed(lines, 'Started')).toEqual({ canary: '2 of 2' })
    vi.advanceTimersByTime(100)
    expect(summed(lines, 'Started')).toEqual({ canary: '4 of 3' })
    expect(summed(lines, 'Error')).toEqual({ canary: '0 of 3' })
  })

  test('of slow records one after another has each Started out before its handler', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const { lines, write } = sink()
    const seen: unknown[] = []
    const onRecord = withRecordScope(async (_record: object) => {
      seen.push(summed(lines, 'Started')['canary'])
      vi.advanceTimersByTime(100)
    })
    const handler = withHonouredDecisions(
      async (batch: ReturnType<typeof batchOf>) => {
        for (const record of batch.Records) await onRecord(record)
      },
      { flags, keys, observers: [variationMetrics({ write })] },
    )
    await handler(batchOf(['canary', 'canary', 'canary']))
    expect(seen).toEqual(['1 of 1', '2 of 2', '3 of 3'])
    expect(summed(lines, 'Error')).toEqual({ canary: '0 of 3' })
  })

  test('holds no more than 100 values of a metric in a line', async () => {
    const { lines, write } = sink()
    const metrics = variationMetrics({ write })
    const onRecord = withRecordScope(async (_record: object) => {
      metrics.add('Items', 'Count', 1)
      metrics.add('Items', 'Count', 2)
      await pause()
    })
    const handler = withHonouredDecisions(
      (batch: ReturnType<typeof batchOf>) => Promise.all(batch.Records.map((record) => onRecord(record))),
      { flags, keys, observers: [metrics] },
    )
    await handler(batchOf(Array(260).fill('canary')))
    expect(summed(lines, 'Error')).toEqual({ canary: '0 of 260' })
    expect(summed(lines, 'Items')).toEqual({ canary: '780 of 520' })
  })

  test('of one record outside any batch has written all when its handler is done', async () => {
    const { write, briefs } = sink()
    const onRecord = withRecordScope(async (_record: object) => undefined, {
      flags,
      keys,
      observers: [variationMetrics({ write })],
    })
    await onRecord(kinesisRecord(1, { number: 1 }, tokenOf('canary')))
    expect(briefs()).toEqual(['canary Started=1', 'canary Error=0 Latency=?'])
  })

  test("leaves the user's own metrics alone, and they leave ours", async () => {
    const { lines, write } = sink()
    const own: Line[] = []
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => own.push(parsed(String(text).trim())) > 0)
    const metrics = new Metrics({ namespace: 'Shop', serviceName: 'orders' })
    const onRecord = withRecordScope(async () => {
      await pause()
      metrics.addMetric('Orders', 'Count', 1)
    })
    const inner = middy((batch: ReturnType<typeof batchOf>) =>
      Promise.all(batch.Records.map((one) => onRecord(one))),
    ).use(logMetrics(metrics))
    const handler = withHonouredDecisions((batch: ReturnType<typeof batchOf>) => inner(batch, {} as never), {
      flags,
      keys,
      observers: [variationMetrics({ write })],
    })
    metrics.addDimension('restaurant', 'noodles')
    await handler(batchOf(['canary', 'control', 'control']))
    expect(summed(lines, 'Started')).toEqual({ canary: '1 of 1', control: '2 of 2' })
    expect(own).toMatchObject([{ restaurant: 'noodles', Orders: [1, 1, 1] }])
    expect(Object.keys(own[0] ?? {})).toEqual(['_aws', 'service', 'restaurant', 'Orders'])
  })
})
