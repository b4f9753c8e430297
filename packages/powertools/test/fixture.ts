import { createWaybill, declareFlags, type KeyRing, keyRing, sealToken } from '@waybill/core'
import { emfFaults } from '@waybill/local/emf'

const secret = Buffer.alloc(32, 7)
export const keys: KeyRing = keyRing({ signing: { id: 'k1', secret }, subjectSecret: secret })

export const flags = declareFlags({
  'new-order-flow': { variations: { control: false, canary: true }, default: 'control', observe: true },
  'quiet-flag': { variations: { off: false, on: true }, default: 'off' },
})

export type Variation = 'canary' | 'control'

/** A token as an edge function would have sealed it. */
export function tokenOf(
  variation: Variation,
  decidedAtSeconds: number = Math.floor(Date.now() / 1000),
  change: { readonly bucketed?: boolean } = {},
): string {
  const value = variation === 'canary'
  const decisions = [{ flag: 'new-order-flow', variation, value, version: 3, ...change }]
  return sealToken(createWaybill({ subject: 'subject', decisions, decidedAtSeconds }), keys).token ?? ''
}

/** A record of a stream, as Lambda delivers it. https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html */
export function kinesisRecord(number: number, payload: object, token = '') {
  const body = JSON.stringify(payload)
  const stamped = token === '' ? body : `${body.slice(0, -1)},"_waybill":"${token}"}`
  return {
    eventID: `shardId-000000000000:${number}`,
    eventSource: 'aws:kinesis',
    kinesis: { sequenceNumber: String(number), partitionKey: 'p', data: btoa(stamped) },
  }
}

/** A message of a queue, as Lambda delivers it. https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html */
export function sqsRecord(number: number, payload: object, token = '') {
  const messageAttributes = token === '' ? {} : { waybill: { dataType: 'String', stringValue: token } }
  return { messageId: String(number), eventSource: 'aws:sqs', body: JSON.stringify(payload), messageAttributes }
}

/** The order in a record of either kind. */
export function payloadOf(record: { readonly body?: string; readonly kinesis?: { readonly data: string } }): unknown {
  return JSON.parse(record.body ?? atob(record.kinesis?.data ?? ''))
}

export const event = (token?: string) => ({
  requestContext: { http: {} },
  headers: token === undefined ? {} : { 'x-waybill': token },
})

interface Directive {
  readonly Namespace: string
  readonly Dimensions: readonly (readonly string[])[]
  readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[]
}

export interface Line {
  readonly _aws: {
    readonly Timestamp: number
    readonly CloudWatchMetrics: readonly [Directive, ...Directive[]]
  }
  readonly [member: string]: unknown
}

/** A line as CloudWatch takes it, or the test fails. */
export function parsed(text: string): Line {
  const faults = emfFaults(text)
  if (faults.length > 0) throw new Error(`CloudWatch would not take ${text}: ${faults.join('; ')}`)
  const line: Line = JSON.parse(text)
  if (JSON.stringify(line) !== text) throw new Error(`two members of one name, or waste: ${text}`)
  return line
}

/** Keeps what is written, line by line. `briefs`: what is said of variations. */
export function sink(): {
  readonly lines: Line[]
  readonly write: (line: string) => void
  readonly briefs: () => readonly string[]
} {
  const lines: Line[] = []
  const briefs = () => lines.filter((line) => 'variation' in line).map(brief)
  return { lines, write: (line) => void lines.push(parsed(line)), briefs }
}

/** `canary Started=1`: what a line says of a variation, as one reads it. */
export function brief(line: Line): string {
  const values = line._aws.CloudWatchMetrics[0].Metrics.map(
    ({ Name }) => `${Name}=${Name === 'Latency' ? '?' : line[Name]}`,
  )
  return `${line['variation']} ${values.join(' ')}`
}

/** What a metric comes to by the values of one dimension, as CloudWatch adds up: sum and number of samples. */
export function summed(lines: readonly Line[], metric: string, dimension = 'variation'): Record<string, string> {
  const sums: Record<string, { sum: number; samples: number }> = {}
  for (const line of lines) {
    for (const { Metrics, Dimensions } of line._aws.CloudWatchMetrics) {
      if (!Dimensions[0]?.includes(dimension) || !Metrics.some(({ Name }) => Name === metric)) continue
      for (const value of [line[metric] as number | number[]].flat()) {
        const known = sums[String(line[dimension])] ?? { sum: 0, samples: 0 }
        sums[String(line[dimension])] = { sum: known.sum + value, samples: known.samples + 1 }
      }
    }
  }
  return Object.fromEntries(Object.entries(sums).map(([name, { sum, samples }]) => [name, `${sum} of ${samples}`]))
}

/** Lets everything else that is ready go first. */
export function pause(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
