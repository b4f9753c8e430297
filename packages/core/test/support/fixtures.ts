import {
  declareFlags,
  type FlagSource,
  type KeyRing,
  keyRing,
  type Observer,
  type ScopeReport,
} from '../../src/index.ts'

/** Keys for tests: never use constants like these anywhere else. */
export const keys: KeyRing = keyRing({
  signing: { id: 'k1', secret: Buffer.alloc(32, 1) },
  subjectSecret: Buffer.alloc(32, 2),
})

export const otherKeys: KeyRing = keyRing({ signing: { id: 'k1', secret: Buffer.alloc(32, 9) } })

export const flags = declareFlags({
  'new-order-flow': { variations: { control: false, canary: true }, default: 'control', observe: true },
  'pizza-size': { variations: { small: 10, large: 20 }, default: 'small' },
})

/** Everybody whose key ends in an even digit is in the canary. */
export const evenUsers: FlagSource = {
  decide: (context) => {
    const canary = 'key' in context && Number(String(context.key).at(-1)) % 2 === 0
    return {
      status: 'live',
      decisions: [
        { value: canary, variation: canary ? 'canary' : 'control', version: 7, reason: 'FALLTHROUGH', bucketed: true },
        { value: 20, variation: 'large', version: 3, reason: 'RULE_MATCH' },
      ],
    }
  },
}

export const userOf = (event: { readonly userId?: string }): { key: string } | undefined =>
  event.userId === undefined ? undefined : { key: event.userId }

/** Remembers the reports: what a user's observer would have been told. */
export function watching(): { readonly reports: ScopeReport[]; readonly observer: Observer } {
  const reports: ScopeReport[] = []
  return { reports, observer: { reportsCounts: true, end: (report) => reports.push(report) } }
}

/** All counts but `never_read`, which most handlers of tests earn: who looks for it says so. */
export function countsOf(reports: readonly ScopeReport[]): Record<string, number> {
  const { never_read: _, ...others } = allCountsOf(reports)
  return others
}

export function allCountsOf(reports: readonly ScopeReport[]): Record<string, number> {
  const sum: Record<string, number> = {}
  for (const { counts } of reports) for (const [code, by] of counts) sum[code] = (sum[code] ?? 0) + by
  return sum
}

export function httpEvent(headers: Record<string, string>): Record<string, unknown> {
  return { version: '2.0', requestContext: { http: { method: 'GET', path: '/' } }, headers, isBase64Encoded: false }
}

export function kinesisRecord(id: number, payload: unknown): Record<string, unknown> {
  const data = Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)).toString('base64')
  return {
    eventSource: 'aws:kinesis',
    eventID: `shardId-000:${id}`,
    kinesis: { sequenceNumber: String(id), partitionKey: 'p', data },
  }
}

export function payloadOf(record: unknown): unknown {
  const { kinesis } = record as { kinesis: { data: string } }
  return JSON.parse(Buffer.from(kinesis.data, 'base64').toString())
}
