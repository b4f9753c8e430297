import { Metrics } from '@aws-lambda-powertools/metrics'
import { declareFlags, innerLifecycle, type Observer, withEvaluatedFlags, withHonouredDecisions } from '@waybill/core'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { variationMetrics } from '../src/metrics.ts'
import { brief, event, flags, keys, parsed, pause, sink, tokenOf } from './fixture.ts'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
  vi.useRealTimers()
})

const nowMs = (): number => 1_700_000_000_000
const canary = event(tokenOf('canary'))

/** Where everybody gets the canary. */
function atEdge(observer: Observer, handler: () => unknown): Promise<unknown> {
  const decisions = [true, false].map((value) => ({
    value,
    variation: value ? 'canary' : 'off',
    version: 1,
    reason: 'FALLTHROUGH' as const,
  }))
  return withEvaluatedFlags(handler, {
    flags,
    keys,
    source: { decide: () => ({ status: 'live', decisions }) },
    context: () => ({ key: 'ada' }),
    observers: [observer],
  })(event())
}

describe('an invocation', () => {
  test('writes Started before its handler runs, Error and Latency after', async () => {
    const { write, briefs } = sink()
    const options = { flags, keys, observers: [variationMetrics({ write, service: 'orders', nowMs })] }
    const handler = withHonouredDecisions(async () => briefs(), options)
    expect(await handler(canary)).toEqual(['canary Started=1'])
    expect(briefs()).toEqual(['canary Started=1', 'canary Error=0 Latency=?'])
  })

  test('writes what CloudWatch takes for embedded metrics: two lines, the second with what was read', async () => {
    const { lines, write } = sink()
    const options = { flags, keys, observers: [variationMetrics({ write, service: 'orders', nowMs })] }
    const read = async () => {
      flags.get('new-order-flow')
      await pause()
    }
    await withHonouredDecisions(read, options)(canary)
    const directive = (dimensions: readonly string[], ...Metrics: object[]) => ({
      Namespace: 'FeatureFlags',
      Dimensions: [['service', ...dimensions]],
      Metrics,
    })
    const of = { service: 'orders', flag: 'new-order-flow', variation: 'canary' }
    const started = directive(['flag', 'variation'], { Name: 'Started', Unit: 'Count' })
    const finished = directive(
      ['flag', 'variation'],
      { Name: 'Error', Unit: 'Count' },
      { Name: 'Latency', Unit: 'Milliseconds' },
    )
    const decisions = directive(['origin'], { Name: 'Decisions', Unit: 'Count' })
    expect(lines).toEqual([
      { _aws: { Timestamp: nowMs(), CloudWatchMetrics: [started] }, ...of, Started: 1 },
      {
        _aws: { Timestamp: nowMs(), CloudWatchMetrics: [finished, decisions] },
        ...of,
        Error: 0,
        Latency: expect.toSatisfy((ms: unknown) => typeof ms === 'number' && ms > 0),
        origin: 'propagated',
        Decisions: 1,
      },
    ])
  })

  test('writes exactly what Powertools would have written', async () => {
    const { lines, write } = sink()
    const observer = variationMetrics({ write, namespace: 'Shop/prod', service: 'a "%s" \\' })
    await atEdge(observer, () => pause())
    expect(lines).toHaveLength(2)
    for (const line of lines) {
      const theirs = new Metrics({
        namespace: 'Shop/prod',
        serviceName: 'a "%s" \\',
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
    const { write, briefs } = sink()
    const options = { flags, keys, observers: [variationMetrics({ write })] }
    void withHonouredDecisions(() => new Promise<never>(() => undefined), options)(canary)
    await pause()
    expect(briefs()).toEqual(['canary Started=1'])
  })

  test('that a middleware answered for finishes without an error and without a latency', () => {
    const { write, briefs } = sink()
    const passage = innerLifecycle({ flags, keys, observers: [variationMetrics({ write })] })(canary, {})
    passage.prepare()
    passage.end('early_return')
    expect(briefs()).toEqual(['canary Started=1', 'canary Error=0'])
  })

  test('that its policy refused before the handler is no start and no end', async () => {
    const { lines, write } = sink()
    const options = { flags, keys, undecided: 'throw' as const, observers: [variationMetrics({ write })] }
    await expect(withHonouredDecisions(() => 'handled', options)(event())).rejects.toThrow(/undecided/)
    expect(lines.map(({ code, Counts }) => ({ code, Counts }))).toEqual([{ code: 'no_token', Counts: 1 }])
  })

  test('at the edge counts for what was decided there', async () => {
    const { write, briefs } = sink()
    await atEdge(variationMetrics({ write }), () => 'handled')
    expect(briefs()).toEqual(['canary Started=1', 'canary Error=0 Latency=?'])
  })

  test('writes a line per observed flag, each with its own dimensions', async () => {
    const { lines, write } = sink()
    const two = declareFlags({
      'new-order-flow': { variations: { control: false, canary: true }, default: 'control', observe: true },
      'new-menu': { variations: { old: 'v1', new: 'v2' }, default: 'old', observe: true },
    })
    await withHonouredDecisions(() => 'handled', { flags: two, keys, observers: [variationMetrics({ write })] })(canary)
    expect(lines.filter((line) => 'flag' in line).map((line) => `${line['flag']} ${brief(line)}`)).toEqual([
      'new-order-flow canary Started=1',
      'new-menu old Started=1',
      'new-order-flow canary Error=0 Latency=?',
      'new-menu old Error=0 Latency=?',
    ])
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
    expect(warn.mock.calls.map(([line]) => JSON.parse(line))).toMatchObject([
      { level: 'WARN', message: expect.stringContaining('"l" of "size" is the first') },
    ])
  })

  test('writes to standard output, a line at a time', async () => {
    const chunks: string[] = []
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => chunks.push(String(text)) > 0)
    await run({})
    expect(chunks.map((chunk) => [chunk.at(-1), brief(parsed(chunk.trim()))])).toEqual([
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
    const { write, briefs } = sink()
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
    expect(briefs()).toEqual(['canary Started=1', 'canary Error=0 Latency=?'])
  })

  test('refuses a cap that is no positive integer', () => {
    expect(() => variationMetrics({ maxSeries: 0 })).toThrow(/maxSeries.*bad_option/)
  })
})
