import { type AttributeValue, type DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb'
import { type JsonValue, type Recall, type RecallSource, WaybillError } from '@waybill/core'
import { complaint, type Warn } from './complaint.ts'

export interface DynamoDbRecallSourceOptions {
  readonly client: DynamoDBClient
  /** The table with the flags. Only its partition `$recalls` is read. */
  readonly tableName: string
  /** As ld-relay's `prefix`: several environments in one table. */
  readonly prefix?: string
  /** How long recalls are believed before they are read again. Default 15. */
  readonly ttlSeconds?: number
  /** The share of the time to live by which each refresh is moved at random, so that environments spread. Default 0.2. */
  readonly jitter?: number
  /** The longest that an invocation waits for the table. Default 500. */
  readonly deadlineMs?: number
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly nowMs?: () => number
  /** From 0 up to 1. */
  readonly random?: () => number
  /** Where failures are explained. Default `console.warn`. */
  readonly warn?: Warn
}

const FIRST_RETRY_MS = 1000
const NONE: readonly Recall[] = []

interface HeldRecall extends Recall {
  readonly expiresAtMs: number
}

/**
 * Recalls from the flags table, for functions that honour decisions: one eventually consistent Query of one small partition
 * per time to live and environment, half a read unit. One at a time; whoever comes meanwhile waits with it, for
 * `deadlineMs` at most. While the table fails the last known recalls stay in force until they expire, the next try is a second
 * away, then two, four, up to a time to live; why is said once per outage on the console, as `recalls_unavailable`, since a
 * recall that a function does not hear of is followed nowhere else. Never rejects. Set-up errors: `bad_option`.
 *
 * @example
 * ```ts
 * const recalls = dynamoDbRecallSource({ client: new DynamoDBClient({}), tableName: 'flags', prefix: 'production' })
 * export const handler = withHonouredDecisions(async () => flags.get('new-order-flow'), { flags, keys, recalls })
 * ```
 */
export function dynamoDbRecallSource(options: DynamoDbRecallSourceOptions): RecallSource {
  const { client, tableName, prefix, ttlSeconds = 15, jitter = 0.2, deadlineMs = 500 } = options
  const { nowMs = Date.now, random = Math.random, warn } = options
  if (typeof client?.send !== 'function' || !tableName) {
    throw new WaybillError('bad_option', 'dynamoDbRecallSource needs a DynamoDBClient and a tableName')
  }
  const namespace = prefix ? `${prefix}:$recalls` : '$recalls'
  const ttlMs = ttlSeconds * 1000
  const failures = complaint('recalls_unavailable', warn)
  const damages = complaint('recall_unreadable', warn)
  let held: readonly HeldRecall[] = []
  /** Those of `held` that are in force, until the next of them expires. */
  let live = NONE
  let liveUntilMs = Number.POSITIVE_INFINITY
  let triedAtMs = Number.NEGATIVE_INFINITY
  let dueAtMs = Number.NEGATIVE_INFINITY
  let failed = 0
  let loading: { readonly startedAtMs: number; done: Promise<void> } | undefined

  const sift = (): void => {
    const inForce = held.filter((one) => one.expiresAtMs > nowMs())
    liveUntilMs = Math.min(...inForce.map((one) => one.expiresAtMs))
    live = inForce.length === 0 ? NONE : inForce
  }

  const query = async (abortSignal: AbortSignal): Promise<readonly HeldRecall[]> => {
    const found: HeldRecall[] = []
    let ExclusiveStartKey: Record<string, AttributeValue> | undefined
    do {
      const command = new QueryCommand({
        TableName: tableName,
        KeyConditionExpression: '#namespace = :namespace',
        ExpressionAttributeNames: { '#namespace': 'namespace' },
        ExpressionAttributeValues: { ':namespace': { S: namespace } },
        ExclusiveStartKey,
      })
      const page = await client.send(command, { abortSignal })
      for (const row of page.Items ?? []) {
        const recall = recallOf(row)
        if (recall === 'unreadable') {
          damages.about(`the recall of "${row['key']?.S}" in table "${tableName}" cannot be read and is not followed`)
        } else if (recall !== undefined) found.push(recall)
      }
      ExclusiveStartKey = page.LastEvaluatedKey
    } while (ExclusiveStartKey !== undefined)
    return found
  }

  const load = async (own: () => boolean): Promise<void> => {
    try {
      const found = await inTime(query, deadlineMs)
      if (!own()) return
      held = found
      failed = 0
      failures.settle()
      sift()
    } catch (error) {
      if (!own()) return
      failed += 1
      failures.about(`recalls in table "${tableName}" cannot be read: new ones are not followed`, error)
    }
    const waitMs = failed === 0 ? ttlMs : Math.min(ttlMs, FIRST_RETRY_MS * 2 ** (failed - 1))
    triedAtMs = nowMs()
    dueAtMs = triedAtMs + waitMs * (1 - jitter * random())
    loading = undefined
  }

  return {
    isBehind: () => failed > 0,
    current: () => {
      if (nowMs() >= liveUntilMs) sift()
      return live
    },
    refresh: () => {
      const now = nowMs()
      // A clock that went back (a snapshot that was restored) is taken for expiry.
      if (now < dueAtMs && now >= triedAtMs) return undefined
      // A load past its deadline was frozen with the environment, and would only fail.
      if (loading === undefined || now - loading.startedAtMs > deadlineMs) {
        const next = { startedAtMs: now, done: Promise.resolve() }
        loading = next
        next.done = load(() => loading === next)
      }
      return loading.done
    },
  }
}

/** A row as `recallStore` of `@waybill/flags` writes it; `undefined` for a recall that was lifted. */
function recallOf(row: Record<string, AttributeValue>): HeldRecall | 'unreadable' | undefined {
  try {
    const item = JSON.parse(row['item']?.S ?? '') as Record<string, unknown>
    if (item['deleted'] === true) return undefined
    const { key: flag, upToVersion, to, value, expiresAtMs = Number.POSITIVE_INFINITY } = item
    if (
      typeof flag === 'string' &&
      typeof to === 'string' &&
      typeof upToVersion === 'number' &&
      typeof expiresAtMs === 'number'
    ) {
      return { flag, upToVersion, to, expiresAtMs, ...(value === undefined ? {} : { value: value as JsonValue }) }
    }
  } catch {
    // No JSON.
  }
  return 'unreadable'
}

/** Rejects when the work is not done in time, and aborts it; what it does later is nobody's concern. */
async function inTime<T>(work: (signal: AbortSignal) => Promise<T>, deadlineMs: number): Promise<T> {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const reason = new DOMException(`no answer within ${deadlineMs} ms`, 'TimeoutError')
      reject(reason)
      controller.abort(reason)
    }, deadlineMs)
  })
  try {
    return await Promise.race([work(controller.signal), late])
  } finally {
    clearTimeout(timer)
  }
}
