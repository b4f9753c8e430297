import { describe, expect, it } from 'vitest'
import { emfFaults } from '../../src/emf/emf-faults.ts'

/** The example of the specification. */
const example = {
  _aws: {
    Timestamp: 1574109732004,
    CloudWatchMetrics: [
      {
        Namespace: 'lambda-function-metrics',
        Dimensions: [['functionVersion']],
        Metrics: [{ Name: 'time', Unit: 'Milliseconds', StorageResolution: 60 }],
      },
    ],
  },
  functionVersion: '$LATEST',
  time: 100,
  requestId: '989ffbf8-9ace-4817-a57c-e4dd734019ee',
}
type Example = typeof example
const faultsOf = (change: (line: Example & Record<string, unknown>) => void): readonly string[] => {
  const line = structuredClone(example)
  change(line)
  return emfFaults(JSON.stringify(line))
}
const directive = (line: Example): Example['_aws']['CloudWatchMetrics'][number] => {
  const [first] = line._aws.CloudWatchMetrics
  if (first === undefined) throw new Error('no directive')
  return first
}

describe('a line of embedded metrics', () => {
  it("is taken as the specification's example has it, with many values, or with several directives", () => {
    expect(faultsOf(() => undefined)).toEqual([])
    expect(faultsOf((line) => Object.assign(line, { time: Array(100).fill(1) }))).toEqual([])
    expect(
      faultsOf((line) => {
        const Metrics = [{ Name: 'count', Unit: 'Count', StorageResolution: 1 }]
        line._aws.CloudWatchMetrics.push({ Namespace: 'Shop', Dimensions: [[], ['shop']], Metrics })
        Object.assign(line, { shop: 'noodles', count: 1 })
      }),
    ).toEqual([])
  })

  it.each<[string, (line: Example & Record<string, unknown>) => void]>([
    ['has no time stamp', (line) => Object.assign(line._aws, { Timestamp: undefined })],
    ['has a time stamp that is text', (line) => Object.assign(line._aws, { Timestamp: '1574109732004' })],
    ['has an unknown unit', (line) => Object.assign(directive(line).Metrics[0] ?? {}, { Unit: 'Millis' })],
    ['has a namespace of AWS', (line) => Object.assign(directive(line), { Namespace: 'AWS/Lambda' })],
    ['has no namespace', (line) => Object.assign(directive(line), { Namespace: '' })],
    ['has no dimension sets', (line) => Object.assign(directive(line), { Dimensions: [] })],
    ['lacks the value of a dimension', (line) => Object.assign(line, { functionVersion: undefined })],
    ['has a dimension that is a number', (line) => Object.assign(line, { functionVersion: 7 })],
    ['has a dimension that is empty', (line) => Object.assign(line, { functionVersion: '' })],
    ['has a dimension that is no ASCII', (line) => Object.assign(line, { functionVersion: 'é' })],
    ['has a dimension too long', (line) => Object.assign(line, { functionVersion: 'x'.repeat(1025) })],
    ['lacks the value of a metric', (line) => Object.assign(line, { time: undefined })],
    ['has a metric that is text', (line) => Object.assign(line, { time: '100' })],
    ['has 101 values', (line) => Object.assign(line, { time: Array(101).fill(1) })],
    ['has no value', (line) => Object.assign(line, { time: [] })],
    ['has a value that is none', (line) => Object.assign(line, { time: [1, null] })],
    ['has a resolution of 30', (line) => Object.assign(directive(line).Metrics[0] ?? {}, { StorageResolution: 30 })],
    ['has no metrics', (line) => Object.assign(directive(line), { Metrics: [] })],
    [
      'has a metric twice',
      (line) => directive(line).Metrics.push({ Name: 'time', Unit: 'Count', StorageResolution: 1 }),
    ],
    ['is larger than 1 MB', (line) => Object.assign(line, { padding: 'x'.repeat(1_048_576) })],
    [
      'has 31 dimensions',
      (line) => {
        const names = Array.from({ length: 31 }, (_, index) => `d${index}`)
        Object.assign(directive(line), { Dimensions: [names] })
        for (const name of names) Object.assign(line, { [name]: 'x' })
      },
    ],
    [
      'has 101 metrics',
      (line) => {
        const names = Array.from({ length: 101 }, (_, index) => `m${index}`)
        Object.assign(directive(line), { Metrics: names.map((Name) => ({ Name })) })
        for (const name of names) Object.assign(line, { [name]: 1 })
      },
    ],
    [
      'has a metric with too long a name',
      (line) => {
        Object.assign(directive(line), { Metrics: [{ Name: 'x'.repeat(256) }] })
        Object.assign(line, { ['x'.repeat(256)]: 1 })
      },
    ],
  ])('is refused when it %s', (_, change) => {
    expect(faultsOf(change)).toHaveLength(1)
  })

  it('is refused when it is no JSON, and when it is no document', () => {
    expect(emfFaults('INFO {"_aws":{}}')).toHaveLength(1)
    expect(emfFaults('{}')).toHaveLength(1)
    expect(emfFaults('{"_aws":{}}')).toHaveLength(2)
  })
})
