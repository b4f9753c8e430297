import {
  type AffectedUser,
  affectedUsers,
  createWaybill,
  declareFlags,
  runWithWaybill,
  withHonouredDecisions,
  withRecordScope,
} from '@waybill/core'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { variationMetrics } from '../src/metrics.ts'
import { event, flags, keys, kinesisRecord, pause, sink, summed, tokenOf, type Variation } from './fixture.ts'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

const canary = event(tokenOf('canary'))
const kept = () => {
  const said: { message: string }[] = []
  return { said, warn: (line: string) => void said.push(JSON.parse(line)) }
}

describe('a metric of the user', () => {
  test('has the variation of the invocation, on the line that is written anyway', async () => {
    const { lines, write } = sink()
    const metrics = variationMetrics({ write })
    const handler = withHonouredDecisions(
      () => {
        metrics.add('OrderValue', 'None', 31.5)
        metrics.add('Items', 'Count', 2)
        metrics.add('Items', 'Count', 3)
      },
      { flags, keys, observers: [metrics] },
    )
    await handler(canary)
    expect(lines).toHaveLength(2)
    expect(lines[1]).toMatchObject({ variation: 'canary', OrderValue: 31.5, Items: [2, 3], Error: 0 })
    expect(lines[1]?._aws.CloudWatchMetrics[0].Metrics).toContainEqual({ Name: 'OrderValue', Unit: 'None' })
  })

  test('of parallel records never mixes', async () => {
    const { lines, write } = sink()
    const metrics = variationMetrics({ write })
    const onRecord = withRecordScope(async (record: { kinesis: { sequenceNumber: string } }) => {
      const number = Number(record.kinesis.sequenceNumber)
      for (let turn = 5 - (number % 5); turn > 0; turn -= 1) await pause()
      metrics.add('OrderValue', 'None', number % 3 === 0 ? 100 : 1)
    })
    const variationOf = (number: number): Variation => (number % 3 === 0 ? 'canary' : 'control')
    const Records = Array.from({ length: 30 }, (_, n) => kinesisRecord(n, { n }, tokenOf(variationOf(n))))
    await withHonouredDecisions(
      (batch: { Records: typeof Records }) => Promise.all(batch.Records.map((r) => onRecord(r))),
      {
        flags,
        keys,
        observers: [metrics],
      },
    )({ Records })
    expect(summed(lines, 'OrderValue')).toEqual({ canary: '1000 of 10', control: '20 of 20' })
  })

  test('counts under each observed flag, and inside another waybill for the scope that is observed', async () => {
    const { lines, write } = sink()
    const metrics = variationMetrics({ write })
    const two = declareFlags({
      'new-order-flow': { variations: { control: false, canary: true }, default: 'control', observe: true },
      'new-menu': { variations: { old: 'v1', new: 'v2' }, default: 'old', observe: true },
    })
    const handler = withHonouredDecisions(
      () => runWithWaybill(createWaybill({ decisions: [] }), () => metrics.add('OrderValue', 'None', 1)),
      { flags: two, keys, observers: [metrics] },
    )
    await handler(canary)
    expect(summed(lines, 'OrderValue')).toEqual({ canary: '1 of 1', old: '1 of 1' })
  })

  test('that cannot be counted is said once, and fails nothing', async () => {
    const { lines, write } = sink()
    const { said, warn } = kept()
    const metrics = variationMetrics({ write, warn })
    metrics.add('Outside', 'Count', 1)
    const handler = withHonouredDecisions(
      () => {
        for (const _ of [1, 2]) {
          metrics.add('Error', 'Count', 1)
          metrics.add('service', 'Count', 1)
          metrics.add('', 'Count', 1)
          metrics.add('Odd', 'Parsecs' as never, 1)
          metrics.add('Fine', 'Count', Number.NaN)
          metrics.add('Fine', 'Count', 1)
          metrics.add('Fine', 'Seconds', 1)
        }
        return 'handled'
      },
      { flags, keys, observers: [metrics] },
    )
    expect(await handler(canary)).toBe('handled')
    expect(said.map(({ message }) => message)).toEqual([
      expect.stringContaining('"Outside" was added where no observed flag is'),
      expect.stringContaining('"Error" is not counted: the name is one of ours'),
      expect.stringContaining('"service" is not counted'),
      expect.stringContaining('"" is not counted'),
      expect.stringContaining('"Odd" is not counted'),
      expect.stringContaining('"Fine" got NaN'),
      expect.stringContaining('"Fine" is not counted: its unit is Count, not Seconds'),
    ])
    expect(summed(lines, 'Fine')).toEqual({ canary: '2 of 2' })
    expect(summed(lines, 'Error')).toEqual({ canary: '0 of 1' })
  })

  test('is one of fifty at the most', async () => {
    const { lines, write } = sink()
    const { said, warn } = kept()
    const metrics = variationMetrics({ write, warn })
    const handler = withHonouredDecisions(
      () => {
        for (let number = 0; number < 60; number += 1) metrics.add(`Metric${number}`, 'Count', 1)
      },
      { flags, keys, observers: [metrics] },
    )
    await handler(canary)
    expect(said).toHaveLength(10)
    expect(summed(lines, 'Metric49')).toEqual({ canary: '1 of 1' })
    expect(summed(lines, 'Metric50')).toEqual({})
  })
})

describe('origins and counts', () => {
  test('are summed over a batch, and share its lines', async () => {
    const { lines, write } = sink()
    const onRecord = withRecordScope(async (_record: object) => flags.get('new-order-flow'))
    const Records = [
      kinesisRecord(0, { n: 0 }, tokenOf('canary')),
      kinesisRecord(1, { n: 1 }),
      kinesisRecord(2, { n: 2 }, 'wb1.forged'),
      kinesisRecord(3, { n: 3 }),
    ]
    await withHonouredDecisions(
      (batch: { Records: typeof Records }) => Promise.all(batch.Records.map((r) => onRecord(r))),
      {
        flags,
        keys,
        observers: [variationMetrics({ write })],
      },
    )({ Records })
    expect(summed(lines, 'Decisions', 'origin')).toEqual({ propagated: '1 of 1', default: '3 of 1' })
    expect(summed(lines, 'Counts', 'code')).toMatchObject({ no_token: '2 of 1', undecided: '2 of 1' })
    expect(lines.some((line) => line._aws.CloudWatchMetrics.length === 3)).toBe(true)
  })

  test('leave nothing to say on the console, unless metrics are switched off', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    const run = (write: (line: string) => void) =>
      withHonouredDecisions(() => flags.get('new-order-flow'), {
        flags,
        keys,
        observers: [variationMetrics({ write })],
      })(event('wb1.forged'))
    const { lines, write } = sink()
    await run(write)
    expect(warn).not.toHaveBeenCalled()
    expect(Object.keys(summed(lines, 'Counts', 'code'))).toContain('refused')
    vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'true')
    await run(write)
    expect(warn.mock.calls.map(([line]) => JSON.parse(String(line)).code)).toContain('malformed')
  })
})

describe('users who met the first failure', () => {
  test('are a metric of their variation, before the answer', async () => {
    const { lines, write } = sink()
    const metrics = variationMetrics({ write })
    const store = { add: async ({ kind }: AffectedUser) => kind !== 'slow' }
    const observers = [metrics, affectedUsers({ store, seenOneIn: 1, onNew: metrics.affectedUser })]
    const handler = withHonouredDecisions(() => ({ statusCode: 500 }), { flags, keys, observers })
    await handler(event(tokenOf('canary', undefined, { bucketed: true })))
    await handler(event(tokenOf('canary', undefined, { bucketed: true })))
    expect(summed(lines, 'AffectedUsers')).toEqual({ canary: '1 of 1' })
    expect(summed(lines, 'Error')).toEqual({ canary: '2 of 2' })
  })
})
