import { type AttributeValue, type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { type PinStore, WaybillError } from '@waybill/core'
import { complaint, type Warn } from './complaint.ts'

export interface DynamoDbPinStoreOptions {
  readonly client: DynamoDBClient
  /** A table of its own: partition key `key` (S), no sort key, time to live on `expiresAt`. */
  readonly tableName: string
  /** Keeps several edge functions or environments apart in one table. */
  readonly prefix?: string
  /** The longest that one claim may take, the SDK's own retries included. Default 1,000; the edge's deadline comes first. */
  readonly requestTimeoutMs?: number
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly nowMs?: () => number
  /** Where failures are explained. Default `console.warn`. */
  readonly warn?: Warn
}

/**
 * Keeps the decisions of a request's first attempt, for `pin` of an edge function: one conditional write per claim, which
 * answers with the token that is kept when there is one. What has expired counts as absent: DynamoDB deletes it within days,
 * not at once (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html).
 *
 * A claim rejects when the table did not answer; why is said once on the console. Set-up errors: `bad_option`.
 *
 * @example
 * ```ts
 * const pin = pinDecisions({
 *   key: (event: { headers: Record<string, string> }) => event.headers['idempotency-key'],
 *   store: dynamoDbPinStore({ client: new DynamoDBClient({}), tableName: 'pins', prefix: 'place-order' }),
 *   ttlSeconds: 3600,
 * })
 * ```
 */
export function dynamoDbPinStore(options: DynamoDbPinStoreOptions): PinStore {
  const { client, tableName, prefix, requestTimeoutMs = 1_000, nowMs = Date.now, warn } = options
  if (typeof client?.send !== 'function' || !tableName) {
    throw new WaybillError('bad_option', 'dynamoDbPinStore needs a DynamoDBClient and a tableName')
  }
  const failures = complaint('pin_failed', warn)

  const commandOf = (key: string, token: string, expiresAtSeconds: number): PutItemCommand =>
    new PutItemCommand({
      TableName: tableName,
      Item: {
        key: { S: prefix ? `${prefix}:${key}` : key },
        token: { S: token },
        expiresAt: { N: String(Math.ceil(expiresAtSeconds)) },
      },
      ConditionExpression: 'attribute_not_exists(#key) OR #expiresAt <= :now',
      ExpressionAttributeNames: { '#key': 'key', '#expiresAt': 'expiresAt' },
      ExpressionAttributeValues: { ':now': { N: String(Math.floor(nowMs() / 1000)) } },
      // The one that is kept comes with the refusal: no second request, and no read unit.
      // https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    })

  return {
    claim: async (key, token, expiresAtSeconds) => {
      let kept: string | undefined
      try {
        kept = await client
          .send(commandOf(key, token, expiresAtSeconds), { abortSignal: AbortSignal.timeout(requestTimeoutMs) })
          .then(() => undefined, keptIn)
      } catch (error) {
        failures.about(`table "${tableName}" keeps no pins: retried requests are decided anew`, error)
        throw error
      }
      failures.settle()
      return kept
    },
  }
}

/** The token in a refused write's old item. By name: two copies of the SDK (a layer and a bundle) have two classes. */
function keptIn(error: unknown): string {
  if (!(error instanceof Error && error.name === 'ConditionalCheckFailedException')) throw error
  const token = (error as { readonly Item?: Record<string, AttributeValue> }).Item?.['token']?.S
  if (token === undefined) throw new Error('the table refused a pin and gave no token that is kept', { cause: error })
  return token
}
