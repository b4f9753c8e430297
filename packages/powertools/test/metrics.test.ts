import { Metrics } from '@aws-lambda-powertools/metrics'
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware'
import middy from '@middy/core'
import { declareFlags, innerLifecycle, withEvaluatedFlags, withHonouredDecisions, withRecordScope } from '@waybill/core'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { variationMetrics } from '../src/metrics.ts'
import { brief, event, flags, keys, kinesisRecord, type Line, pause, sink, tokenOf, type Variation } from './fixture.ts'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

const nowMs = (): number => 1_700_000_000_000
const canary = event(tokenOf('canary'))

describe('an invocation', () => {
  test('writes Started before its handler runs, Error and Latency after', async () => {
    const { lines, write } = sink()
    const options = { flags, keys, observers: [variationMetrics({ write, service: 'orders', nowMs })] }
    const handler = withHonouredDecisions(async () => lines.map(brief), options)
    expect(await handler(canary)).toEqual(['canary Started=1'])
    expect(lines.map(brief)).toEqual(['canary Started=1', 'canary Error=0 Latency=?'])
  })

  test('writes what CloudWatch takes for embedded metrics', async () => {
    const { lines, write } = sink()
    const options = { flags, keys, observers: [variationMetrics({ write, service: 'orders', nowMs })] }
    await withHonouredDecisions(() => pause(), options)(canary)
    const directive = (...Metrics: object[]) => ({
      Timestamp: nowMs(),
      CloudWatchMetrics: [{ Namespace: 'FeatureFlags', Dimensions: [['service', 'flag', 'variation']], Metrics }],
    })
    const dimensions = { service: 'orders', flag: 'new-order-flow', variation: 'canary' }
    expect(lines).toEqual([
      { _aws: directive({ Name: 'Started', Unit: 'Count' }), ...dimensions, Started: 1 },
      {
        _aws: directive({ Name: 'Error', Unit: 'Count' }, { Name: 'Latency', Unit: 'Milliseconds' }),
        ...dimensions,
        Error: 0,
        Latency: expect.toSatisfy((ms: unknown) => typeof ms === 'number' && ms > 0),
      },
    ])
  })

  test('writes exactly what Powertools would have written', async () => {
    const { lines, write } = sink()
    const options = {
      flags,
      keys,
      observers: [variationMetrics({ write, namespace: 'Shop/"prod"', service: 'é "%s"' })],
    }
    await withHonouredDecisions(() => pause(), options)(canary)
    expect(lines).toHaveLength(2)
    for (const line of lines) {
      const theirs = new Metrics({
        namespace: 'Shop/"prod"',
        serviceName: 'é "%s"',
        defaultDimensions: { flag: 'new-order-flow', variation: 'canary' },
      })
      theirs.setTimestamp(line._aws.Timestamp)
      for (const { Name, Unit } of line._aws.CloudWatchMetrics[0].Metrics) {
        theirs.addMetric(Name, Unit as 'Count', line[Name] as number)
      }
      expect(JSON.stringify(line)).toBe(JSON.stringify(theirs.serializeMetrics()))
    }
  })

  test('that throws, or answers with a status of 500, is an Error', async () => {
    const { lines, write } = sink()
    const options = { flags, keys, observers: [variationMetrics({ write })] }
    const bug = () => {
      throw new Error('bug')
    }
    await expect(withHonouredDecisions(bug, options)(canary)).rejects.toThrow('bug')
    await withHonouredDecisions(() => ({ statusCode: 500 }), options)(canary)
    await withHonouredDecisions(() => ({ statusCode: 404 }), options)(canary)
    const finished = lines.filter((line) => 'Error' in line)
    expect(finished.map(brief)).toEqual([
      'canary Error=1 Latency=?',
      'canary Error=1 Latency=?',
      'canary Error=0 Latency=?',
    ])
  })

  test('that never comes back has started and not finished', async () => {
    const { lines, write } = sink()
    const options = { flags, keys, observers: [variationMetrics({ write })] }
    void withHonouredDecisions(() => new Promise<never>(() => undefined), options)(canary)
    await pause()
    expect(lines.map(brief)).toEqual(['canary Started=1'])
  })

  test('that a middleware answered for finishes without an error and without a latency', () => {
    const { lines, write } = sink()
    const passage = innerLifecycle({ flags, keys, observers: [variationMetrics({ write })] })(canary, {})
    passage.prepare()
    passage.end('early_return')
    expect(lines.map(brief)).toEqual(['canary Started=1', 'canary Error=0'])
  })

  test('that its policy refused before the handler is no start and no end', async () => {
    const { lines, write } = sink()
    const options = { flags, keys, undecided: 'throw' as const, observers: [variationMetrics({ write })] }
    await expect(withHonouredDecisions(() => 'handled', options)(event())).rejects.toThrow(/undecided/)
    expect(lines).toEqual([])
  })

  test('at the edge counts for what was decided there', async () => {
    const { lines, write } = sink()
    const decisions = [true, false].map((value) => ({
      value,
      variation: value ? 'canary' : 'off',
      version: 1,
      reason: 'FALLTHROUGH' as const,
    }))
    const handler = withEvaluatedFlags(() => 'handled', {
      flags,
      keys,
      source: { decide: () => ({ status: 'live', decisions }) },
      context: () => ({ key: 'ada' }),
      observers: [variationMetrics({ write })],
    })
    await handler(event())
    expect(lines.map(brief)).toEqual(['canary Started=1', 'canary Error=0 Latency=?'])
  })

  test('writes a line per observed flag, each with its own dimensions', async () => {
    const { lines, write } = sink()
    const two = declareFlags({
      'new-order-flow': { variations: { control: false, canary: true }, default: 'control', observe: true },
      'new-menu': { variations: { old: 'v1', new: 'v2' }, default: 'old', observe: true },
    })
    await withHonouredDecisions(() => 'handled', { flags: two, keys, observers: [variationMetrics({ write })] })(canary)
    expect(lines.map((line) => `${line['flag']} ${brief(line)}`)).toEqual([
      'new-order-flow canary Started=1',
      'new-menu old Started=1',
      'new-order-flow canary Error=0 Latency=?',
      'new-menu old Error=0 Latency=?',
    ])
  })
})

describe('a batch', () => {
  const batchOf = (variations: readonly Variation[]) => ({
    Records: variations.map((variation, index) => kinesisRecord(index, { index }, tokenOf(variation))),
  })
  const counted = (lines: readonly Line[], metric: string) => {
    const counts: Record<string, number> = {}
    for (const line of lines) {
      const variation = String(line['variation'])
      if (metric in line) counts[variation] = (counts[variation] ?? 0) + Number(line[metric])
    }
    return counts
  }

  test('of 300 records at the same time: each counts for its own variation, the batch for none', async () => {
    const { lines, write } = sink()
    const onRecord = withRecordScope(async (record: { kinesis: { sequenceNumber: string } }) => {
      await pause()
      if (record.kinesis.sequenceNumber === '3') throw new Error('bad record')
    })
    const handler = withHonouredDecisions(
      (batch: ReturnType<typeof batchOf>) => Promise.allSettled(batch.Records.map((record) => onRecord(record))),
      { flags, keys, observers: [variationMetrics({ write })] },
    )
    const variations = Array.from({ length: 300 }, (_, index): Variation => (index % 3 === 0 ? 'canary' : 'control'))
    await handler(batchOf(variations))
    expect(counted(lines, 'Started')).toEqual({ canary: 100, control: 200 })
    expect(counted(lines, 'Error')).toEqual({ canary: 1, control: 0 })
    expect(lines).toHaveLength(600)
    expect(lines.every((line) => line['flag'] === 'new-order-flow' && line['service'] !== undefined)).toBe(true)
  })

  test("leaves the user's own metrics alone, and they leave ours", async () => {
    const { lines, write } = sink()
    const own: Line[] = []
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => own.push(JSON.parse(String(text))) > 0)
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
    expect(counted(lines, 'Started')).toEqual({ canary: 1, control: 2 })
    expect(own).toMatchObject([{ restaurant: 'noodles', Orders: [1, 1, 1] }])
    expect(Object.keys(own[0] ?? {})).toEqual(['_aws', 'service', 'restaurant', 'Orders'])
  })
})

describe('variationMetrics', () => {
  const run = async (options: Parameters<typeof variationMetrics>[0], one = canary) => {
    await withHonouredDecisions(() => 'handled', { flags, keys, observers: [variationMetrics(options)] })(one)
  }

  test('folds what is beyond maxSeries into __other__, and says so once', async () => {
    const { lines, write } = sink()
    const warn = vi.fn<(line: string) => void>()
    const many = declareFlags({
      size: { variations: { s: 1, m: 2, l: 3, xl: 4 }, default: 's', observe: true },
    })
    const observer = variationMetrics({ write, warn, maxSeries: 2 })
    const decide = (variation: string) => {
      const handler = withEvaluatedFlags(() => 'handled', {
        flags: many,
        keys,
        source: {
          decide: () => ({
            status: 'live',
            decisions: [
              { variation, value: ['s', 'm', 'l', 'xl'].indexOf(variation) + 1, version: 1, reason: 'RULE_MATCH' },
            ],
          }),
        },
        context: () => ({ key: 'ada' }),
        observers: [observer],
      })
      return handler(event())
    }
    for (const variation of ['s', 'm', 'l', 'xl', 'l', 's']) await decide(variation)
    const started = lines.filter((line) => 'Started' in line)
    expect(started.map((line) => line['variation'])).toEqual(['s', 'm', '__other__', '__other__', '__other__', 's'])
    expect(warn.mock.calls.map(([line]) => JSON.parse(line))).toMatchObject([{ level: 'WARN', variation: 'l' }])
  })

  test('writes to standard output, a line at a time', async () => {
    const chunks: string[] = []
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => chunks.push(String(text)) > 0)
    await run({})
    expect(chunks.map((chunk) => [chunk.at(-1), brief(JSON.parse(chunk))])).toEqual([
      ['\n', 'canary Started=1'],
      ['\n', 'canary Error=0 Latency=?'],
    ])
  })

  test("takes Powertools' service, else the function's name", async () => {
    const { lines, write } = sink()
    vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'place-order')
    await run({ write })
    vi.stubEnv('POWERTOOLS_SERVICE_NAME', 'orders')
    await run({ write })
    expect(lines.map((line) => line['service'])).toEqual(['place-order', 'place-order', 'orders', 'orders'])
  })

  test("is silent where Powertools' metrics are switched off", async () => {
    const { lines, write } = sink()
    vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'true')
    await run({ write })
    expect(lines).toEqual([])
  })

  test('can be made while a module loads where invocations are concurrent, though Powertools cannot yet', async () => {
    const { lines, write } = sink()
    vi.stubEnv('AWS_LAMBDA_MAX_CONCURRENCY', '2')
    const observer = variationMetrics({ write })
    const values = new Map<symbol, unknown>()
    const store = {
      hasContext: () => true,
      get: (key: symbol) => values.get(key),
      set: (key: symbol, value: unknown) => values.set(key, value),
    }
    vi.stubGlobal('awslambda', { InvokeStore: store })
    await withHonouredDecisions(() => 'handled', { flags, keys, observers: [observer] })(canary)
    expect(lines.map(brief)).toEqual(['canary Started=1', 'canary Error=0 Latency=?'])
  })

  test('refuses a cap that is no positive integer', () => {
    expect(() => variationMetrics({ maxSeries: 0 })).toThrow(/maxSeries.*bad_option/)
  })
})
