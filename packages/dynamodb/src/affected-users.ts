import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import {
  type AttributeValue,
  type DynamoDBClient,
  QueryCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb'
import { type AffectedUser, type AffectedUsers, type AffectedUserTotal, WaybillError } from '@waybill/core'
import { complaint, type Warn } from './complaint.ts'

export interface DynamoDbAffectedUsersOptions {
  readonly client: DynamoDBClient
  /** A table of its own: partition key `key` (S), sort key `part` (S), time to live on `expiresAt`. */
  readonly tableName: string
  /** Keeps several environments apart in one table. All functions of a rollout have the same. */
  readonly prefix?: string
  /** Over how many items one total is spread, so that new users do not stand in each other's way. Default 10. */
  readonly shards?: number
  /** The longest that one request may take, all attempts included. Default 1,000; the observer's deadline comes first. */
  readonly requestTimeoutMs?: number
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly nowMs?: () => number
  /** 0 to 1, for pauses. Default `Math.random`. */
  readonly random?: () => number
  /** Where failures are explained. Default `console.warn`. */
  readonly warn?: Warn
}

/** Totals outlive their users: a judge who comes late still finds them. */
const TOTALS_OUTLIVE_SECONDS = 90 * 86_400
const FIRST_PAUSE_MS = 10

/**
 * Counts affected users exactly: a user's item and the total that it belongs to are one transaction, so that neither a crash
 * nor a repeated request loses or doubles anybody. A user who is known costs one transaction that fails, and nothing else.
 * What has expired counts as absent. Requests reject when the table did not answer; why is said once on the console.
 * Set-up errors: `bad_option`.
 *
 * @example
 * ```ts
 * const store = dynamoDbAffectedUsers({ client: new DynamoDBClient({}), tableName: 'affected-users', prefix: 'prod' })
 * const handler = withHonouredDecisions(async () => flags.get('new-order-flow'), {
 *   flags, keys, observers: [affectedUsers({ store })],
 * })
 * // And whoever judges: `await store.totals('new-order-flow', 'new-order-flow')`
 * ```
 */
export function dynamoDbAffectedUsers(options: DynamoDbAffectedUsersOptions): AffectedUsers {
  const { client, tableName, prefix = '', shards = 10, requestTimeoutMs = 1_000 } = options
  const { nowMs = Date.now, random = Math.random, warn } = options
  if (typeof client?.send !== 'function' || !tableName) {
    throw new WaybillError('bad_option', 'dynamoDbAffectedUsers needs a DynamoDBClient and a tableName')
  }
  if (!Number.isInteger(shards) || shards < 1 || shards > 256) {
    throw new WaybillError('bad_option', 'dynamoDbAffectedUsers: option "shards" must be a whole number from 1 to 256')
  }
  const failures = complaint('affected_users_failed', warn)
  const before = prefix === '' ? '' : `${prefix}:`
  const totalsKey = (flag: string, rollout: string): string =>
    `${before}totals:${encodeURIComponent(flag)}:${encodeURIComponent(rollout)}`

  const commandOf = (user: AffectedUser): TransactWriteItemsCommand => {
    const { flag, rollout, variation, version, kind, subject } = user
    const id = createHash('sha256')
      .update(JSON.stringify([flag, rollout, kind, subject]))
      .digest()
    const shard = (id[0] ?? 0) % shards
    const expiresAtSeconds = Math.ceil(user.expiresAtSeconds)
    return new TransactWriteItemsCommand({
      TransactItems: [
        {
          Put: {
            TableName: tableName,
            Item: {
              key: { S: `${before}user:${id.toString('base64url')}` },
              part: { S: '-' },
              expiresAt: number(expiresAtSeconds),
            },
            ConditionExpression: 'attribute_not_exists(#key) OR #expiresAt <= :now',
            ExpressionAttributeNames: { '#key': 'key', '#expiresAt': 'expiresAt' },
            ExpressionAttributeValues: { ':now': number(Math.floor(nowMs() / 1000)) },
          },
        },
        {
          Update: {
            TableName: tableName,
            Key: { key: { S: totalsKey(flag, rollout) }, part: { S: `${kind}#${version}#${shard}#${variation}` } },
            UpdateExpression:
              'SET #variation = :variation, #version = :version, #kind = :kind, #expiresAt = :expiresAt ADD #users :one',
            ExpressionAttributeNames: {
              '#variation': 'variation',
              '#version': 'version',
              '#kind': 'kind',
              '#expiresAt': 'expiresAt',
              '#users': 'users',
            },
            ExpressionAttributeValues: {
              ':variation': { S: variation },
              ':version': number(version),
              ':kind': { S: kind },
              ':expiresAt': number(expiresAtSeconds + TOTALS_OUTLIVE_SECONDS),
              ':one': number(1),
            },
          },
        },
      ],
    })
  }

  /** Whether it was the first. Others who count at the same moment may be in the way: then again, until time is up. */
  const added = async (user: AffectedUser): Promise<boolean> => {
    const abortSignal = AbortSignal.timeout(requestTimeoutMs)
    for (let attempt = 0; ; attempt += 1) {
      try {
        await client.send(commandOf(user), { abortSignal })
        return true
      } catch (error) {
        const reasons = reasonsOf(error)
        if (reasons.includes('ConditionalCheckFailed')) return false
        if (!isPassing(error, reasons) || abortSignal.aborted) throw error
        await pause(FIRST_PAUSE_MS * 2 ** attempt * (0.5 + random()), undefined, { signal: abortSignal })
      }
    }
  }

  const explained = async <T>(what: string, ask: () => Promise<T>): Promise<T> => {
    try {
      const answer = await ask()
      failures.settle()
      return answer
    } catch (error) {
      failures.about(`table "${tableName}" ${what}`, error)
      throw error
    }
  }

  return {
    add: (user) => explained('counts no affected users: a rollout is judged without them', () => added(user)),
    totals: (flag, rollout) =>
      explained('gives no totals of affected users', async () => {
        const shardTotals: AffectedUserTotal[] = []
        let ExclusiveStartKey: Record<string, AttributeValue> | undefined
        do {
          const command = new QueryCommand({
            TableName: tableName,
            ConsistentRead: true,
            KeyConditionExpression: '#key = :key',
            ExpressionAttributeNames: { '#key': 'key' },
            ExpressionAttributeValues: { ':key': { S: totalsKey(flag, rollout) } },
            ExclusiveStartKey,
          })
          const page = await client.send(command, { abortSignal: AbortSignal.timeout(requestTimeoutMs) })
          shardTotals.push(...(page.Items ?? []).map(totalOf))
          ExclusiveStartKey = page.LastEvaluatedKey
        } while (ExclusiveStartKey !== undefined)
        return summed(shardTotals)
      }),
  }
}

const number = (value: number): AttributeValue => ({ N: String(value) })

/** By name and shape: two copies of the SDK (a layer and a bundle) have two classes. */
function reasonsOf(error: unknown): readonly (string | undefined)[] {
  if (!(error instanceof Error && error.name === 'TransactionCanceledException')) return []
  const { CancellationReasons = [] } = error as { readonly CancellationReasons?: readonly { readonly Code?: string }[] }
  return CancellationReasons.map(({ Code }) => Code)
}

/**
 * The SDK does not repeat a transaction that was cancelled:
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
 */
const PASSING: readonly (string | undefined)[] = [
  'TransactionConflict',
  'ThrottlingError',
  'ProvisionedThroughputExceeded',
]
function isPassing(error: unknown, reasons: readonly (string | undefined)[]): boolean {
  const inProgress = error instanceof Error && error.name === 'TransactionInProgressException'
  return inProgress || reasons.some((reason) => PASSING.includes(reason))
}

function totalOf(item: Record<string, AttributeValue>): AffectedUserTotal {
  return {
    variation: item['variation']?.S ?? '',
    version: Number(item['version']?.N),
    kind: item['kind']?.S as AffectedUserTotal['kind'],
    users: Number(item['users']?.N),
  }
}

function summed(totals: readonly AffectedUserTotal[]): readonly AffectedUserTotal[] {
  const sums = new Map<string, AffectedUserTotal>()
  for (const one of totals) {
    const id = JSON.stringify([one.kind, one.version, one.variation])
    sums.set(id, { ...one, users: one.users + (sums.get(id)?.users ?? 0) })
  }
  return [...sums.values()]
}
