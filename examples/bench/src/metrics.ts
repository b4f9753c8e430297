import { openSync, writeSync } from 'node:fs'
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import { innerLifecycle, type Observer, scopeStorage, withHonouredDecisions, withRecordScope } from '@waybill/core'
import { variationMetrics } from '@waybill/powertools/metrics'
import { freshTokens, httpEvent, keys, observedFlags } from './fixture.ts'
import { type Measured, measure } from './measure.ts'

const RECORDS = 100
const dimensions = { flag: 'checkout-step-0', variation: 'control' }
const three = ['Started', 'Error', 'Latency'] as const
const options = { flags: observedFlags, keys }

/** As Lambda's standard output takes it: a line is a system call. */
const nowhere = openSync('/dev/null', 'w')
const write = (line: string): void => void writeSync(nowhere, `${line}\n`)

/** Started, Error and Latency of one flag: beside what one would write by hand with Powertools. */
export async function metrics(print: (title: string, rows: readonly Measured[]) => void): Promise<void> {
  await perInvocation(print)
  await perRecord(print)
  await sizes()
}

const visitOf = (observers: readonly Observer[]): (() => void) => {
  const open = innerLifecycle({ ...options, observers })
  const event = httpEvent({ 'x-waybill': freshTokens[0] ?? '' })
  return () => {
    const passage = open(event, undefined)
    scopeStorage.run(passage.scope, () => {
      passage.prepare()
      observedFlags.detail('checkout-step-0')
      passage.end({ response: 1 })
    })
  }
}

async function perInvocation(print: (title: string, rows: readonly Measured[]) => void): Promise<void> {
  const started = startedLine()
  const rows = await measure([
    { name: 'a scope without observers', run: visitOf([]) },
    { name: 'a scope with an observer that does nothing', run: visitOf([{ reportsCounts: true }]) },
    { name: 'a scope with variationMetrics', run: visitOf([variationMetrics({ service: 'bench', write })]) },
    ...powertools(),
    { name: 'one system call: a line of Started, out early', run: () => write(started) },
  ])
  print('Metrics, per invocation', rows)
  compare('variationMetrics', difference(rows), 6)
}

async function perRecord(print: (title: string, rows: readonly Measured[]) => void): Promise<void> {
  const batch = batchOf(RECORDS)
  const [bare, idle, ours] = [
    inParallel([]),
    inParallel([{ reportsCounts: true }]),
    inParallel([variationMetrics({ service: 'bench', write })]),
  ] as const
  const rows = await measure(
    [
      { name: 'a batch without observers', run: () => bare(batch), operations: RECORDS },
      { name: 'a batch with an observer that does nothing', run: () => idle(batch), operations: RECORDS },
      { name: 'a batch with variationMetrics', run: () => ours(batch), operations: RECORDS },
      ...powertools(),
    ],
    { timeMs: 2000, block: 4 },
  )
  print(`Metrics, per record of a batch of ${RECORDS} in parallel`, rows)
  compare('variationMetrics', difference(rows), 6)
}

/** What the third row costs over the first. */
const difference = (rows: readonly Measured[]): number => (rows[2]?.us ?? Number.NaN) - (rows[0]?.us ?? Number.NaN)

function compare(what: string, each: number, aim: number): void {
  console.log(`  -> ${what}: ${each.toFixed(2)} us, aim ${aim}${each <= aim ? '' : '  MISSED'}`)
}

type Batch = { readonly Records: readonly object[] }
const batchOf = (count: number): Batch => ({
  Records: Array.from({ length: count }, (_, index) => {
    const text = `{"order":${index},"_waybill":"${freshTokens[index % 50]}"}`
    return {
      eventSource: 'aws:kinesis',
      eventID: `shardId-0:${index}`,
      kinesis: { sequenceNumber: String(index), partitionKey: 'p', data: Buffer.from(text).toString('base64') },
    }
  }),
})

type Handler = (batch: Batch) => Promise<unknown>
const onRecord = withRecordScope(async (_record: object) => observedFlags.detail('checkout-step-0'))
function inParallel(observers: readonly Observer[]): Handler {
  return withHonouredDecisions((batch: Batch) => Promise.all(batch.Records.map((one) => onRecord(one))), {
    ...options,
    observers,
  })
}
function inSequence(observers: readonly Observer[], afterEach: () => Promise<void>): Handler {
  return withHonouredDecisions(
    async (batch: Batch) => {
      for (const one of batch.Records) {
        await onRecord(one)
        await afterEach()
      }
    },
    { ...options, observers },
  )
}
/** The same three metrics with the same dimensions. `main.ts` takes what they write away, system call included. */
function powertools() {
  const shared = new Metrics({ namespace: 'bench', serviceName: 'bench' })
  return [
    {
      name: 'Powertools singleMetric, three times',
      run: () => {
        for (const name of three) {
          const single = shared.singleMetric()
          single.addDimensions(dimensions)
          single.addMetric(name, MetricUnit.Count, 1)
        }
      },
    },
    {
      name: 'a new Powertools Metrics, one line',
      run: () => {
        const metrics = new Metrics({ namespace: 'bench', serviceName: 'bench', defaultDimensions: dimensions })
        for (const name of three) metrics.addMetric(name, MetricUnit.Count, 1)
        metrics.publishStoredMetrics()
      },
    },
    {
      name: 'bare Powertools: a shared Metrics, no dimensions',
      run: () => {
        for (const name of three) shared.addMetric(name, MetricUnit.Count, 1)
        shared.publishStoredMetrics()
      },
    },
  ]
}

function startedLine(): string {
  const metrics = new Metrics({ namespace: 'bench', serviceName: 'bench', defaultDimensions: dimensions })
  metrics.addMetric('Started', MetricUnit.Count, 1)
  return JSON.stringify(metrics.serializeMetrics())
}

/** Bytes that CloudWatch Logs bills for each record, decision origins included. */
async function sizes(): Promise<void> {
  const own = new Metrics({ namespace: 'FeatureFlags', serviceName: 'bench', defaultDimensions: dimensions })
  own.addMetric('Started', MetricUnit.Count, 1)
  own.addMetric('Error', MetricUnit.Count, 0)
  own.addMetric('Latency', MetricUnit.Milliseconds, 12.345)
  const blob = JSON.stringify(own.serializeMetrics()).length
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
  const cases: readonly (readonly [string, number, (observers: readonly Observer[]) => Handler])[] = [
    ['100 records in parallel', 100, inParallel],
    ['10 records in parallel', 10, inParallel],
    ['100 records in sequence, 1 ms each', 100, (observers) => inSequence(observers, () => pause(1))],
    ['5 records in sequence, 120 ms each', 5, (observers) => inSequence(observers, () => pause(120))],
    ['one record', 1, inParallel],
  ]
  console.log(`\nMetrics, bytes per record; one blob of three metrics per record has ${blob}`)
  for (const [name, count, handlerOf] of cases) {
    let bytes = 0
    let early = 0
    const observer = variationMetrics({
      service: 'bench',
      write: (line) => {
        bytes += line.length + 1
        if (line.includes('"Started"') && !line.includes('"Error"')) early += line.length + 1
      },
    })
    await handlerOf([observer])(batchOf(count))
    const each = bytes / count
    const verdict = each <= blob / 3 ? '' : '  MISSED'
    const share = `${Math.round((100 * early) / bytes)} % of it Started`
    console.log(
      `  ${name.padEnd(40)} ${each.toFixed(0).padStart(5)} bytes, ${share}; aim ${Math.floor(blob / 3)}${verdict}`,
    )
  }
}
