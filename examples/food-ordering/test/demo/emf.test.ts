import { expect, test } from 'vitest'
import { collectEmf } from '../../src/demo/emf.ts'

interface Blob {
  readonly service?: unknown
  readonly variation?: string
  readonly namespace?: string
  readonly dimensions?: readonly (readonly string[])[]
  readonly metrics: Readonly<Record<string, unknown>>
}

function emfLine({ service = 'loyalty', variation = 'canary', namespace = 'FeatureFlags', dimensions, metrics }: Blob) {
  return JSON.stringify({
    _aws: {
      Timestamp: 1_700_000_000_000,
      CloudWatchMetrics: [
        {
          Namespace: namespace,
          Dimensions: dimensions ?? [['service', 'flag', 'variation']],
          Metrics: Object.keys(metrics).map((Name) => ({ Name, Unit: 'Count' })),
        },
      ],
    },
    service,
    flag: 'new-order-flow',
    variation,
    az: 'eu-west-1a',
    ...metrics,
  })
}

function collected(...lines: readonly string[]) {
  const emf = collectEmf()
  for (const line of lines) emf.add('loyalty-function', line)
  return { services: emf.services(), malformed: emf.malformedLines().get('loyalty-function') ?? 0 }
}

test('numbers and arrays of numbers are aggregated as CloudWatch aggregates them', () => {
  const { services } = collected(
    emfLine({ metrics: { Started: 1 } }),
    emfLine({ metrics: { Started: [1, 1, 1] } }),
    emfLine({ metrics: { Error: 0, Latency: 12.5 } }),
    emfLine({ metrics: { Error: [1, 0], Latency: [40, 20] } }),
  )
  expect(services).toEqual([
    { service: 'loyalty', flag: 'new-order-flow', variation: 'canary', started: 4, finished: 3, errors: 1, p95Ms: 40 },
  ])
})

test('a series that only started has finished nothing and has no latency', () => {
  const { services } = collected(emfLine({ metrics: { Started: 1 } }))
  expect(services).toMatchObject([{ started: 1, finished: 0, errors: 0, p95Ms: 0 }])
})

test('each service and variation is a series of its own, sorted by name', () => {
  const { services } = collected(
    emfLine({ service: 'notify-user', variation: 'control', metrics: { Started: 1 } }),
    emfLine({ variation: 'control', metrics: { Started: 1 } }),
    emfLine({ variation: 'canary', metrics: { Started: 1 } }),
  )
  expect(services.map(({ service, variation }) => `${service} ${variation}`)).toEqual([
    'loyalty canary',
    'loyalty control',
    'notify-user control',
  ])
})

test('a line behind the prefix of the Node.js runtime counts', () => {
  const { services } = collected(`2025-01-01T00:00:00.000Z\treq-1\tINFO\t${emfLine({ metrics: { Started: 1 } })}`)
  expect(services).toMatchObject([{ started: 1 }])
})

test.each([
  ['plain text', 'START RequestId: 1'],
  ['plain text that mentions "_aws"', 'looking for "_aws"'],
  ['a JSON log line', '{"level":"INFO","message":"ran canary"}'],
  ['a JSON log line with "_aws" as a value', '{"message":"_aws"}'],
  ['another namespace', emfLine({ namespace: 'Shop', metrics: { Started: 1 } })],
  ['another metric', emfLine({ metrics: { Orders: 1 } })],
  [
    'another set of dimensions',
    emfLine({ dimensions: [['service', 'flag', 'variation', 'az']], metrics: { Error: 1 } }),
  ],
])('%s is ignored', (_, line) => {
  expect(collected(line)).toEqual({ services: [], malformed: 0 })
})

test.each([
  ['a line that was cut off', emfLine({ metrics: { Started: 1 } }).slice(0, 80)],
  ['a metric that is text', emfLine({ metrics: { Started: '1' } })],
  ['an array with a hole in it', emfLine({ metrics: { Started: 1, Error: [0, null] } })],
  ['a metric that is listed and not there', emfLine({ metrics: { Error: undefined } })],
  ['a hundred and one values', emfLine({ metrics: { Error: Array(101).fill(0) } })],
  ['a dimension that is a number', emfLine({ service: 7, metrics: { Started: 1 } })],
  ['metadata without directives', '{"_aws":{"Timestamp":1}}'],
  ['metadata that is null', '{"_aws":null}'],
  ['directives that are not objects', '{"_aws":{"CloudWatchMetrics":[null]}}'],
  ['a directive without dimensions', '{"_aws":{"CloudWatchMetrics":[{"Namespace":"FeatureFlags"}]}}'],
])('%s is counted as malformed, and nothing of it as a metric', (_, line) => {
  expect(collected(line)).toEqual({ services: [], malformed: 1 })
})

test('an empty array of values is no sample', () => {
  expect(collected(emfLine({ metrics: { Error: [] } }))).toEqual({ services: [], malformed: 0 })
})
