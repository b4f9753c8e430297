import { createWaybill, declareFlags, type KeyRing, keyRing, sealToken } from '@waybill/core'

const secret = Buffer.alloc(32, 7)
export const keys: KeyRing = keyRing({ signing: { id: 'k1', secret }, subjectSecret: secret })

export const flags = declareFlags({
  'new-order-flow': { variations: { control: false, canary: true }, default: 'control', observe: true },
  'quiet-flag': { variations: { off: false, on: true }, default: 'off' },
})

export type Variation = 'canary' | 'control'

/** A token as an edge function would have sealed it. */
export function tokenOf(variation: Variation, decidedAtSeconds = Math.floor(Date.now() / 1000)): string {
  const value = variation === 'canary'
  const decisions = [{ flag: 'new-order-flow', variation, value, version: 3 }]
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

export interface Line {
  readonly _aws: {
    readonly Timestamp: number
    readonly CloudWatchMetrics: readonly [
      { Namespace: string; Dimensions: string[][]; Metrics: { Name: string; Unit: string }[] },
    ]
  }
  readonly [member: string]: unknown
}

/** Keeps what is written, line by line. */
export function sink(): { readonly lines: Line[]; readonly write: (line: string) => void } {
  const lines: Line[] = []
  return { lines, write: (line) => void lines.push(JSON.parse(line)) }
}

/** `canary Started=1`: a line as one reads it. */
export function brief(line: Line): string {
  const values = line._aws.CloudWatchMetrics[0].Metrics.map(
    ({ Name }) => `${Name}=${Name === 'Latency' ? '?' : line[Name]}`,
  )
  return `${line['variation']} ${values.join(' ')}`
}

/** Lets everything else that is ready go first. */
export function pause(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
