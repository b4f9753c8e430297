import { setTimeout as pause } from 'node:timers/promises'
import { BatchWriteItemCommand, type DynamoDBClient, type WriteRequest } from '@aws-sdk/client-dynamodb'
import { FlagDataError } from '@waybill/flags'

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html */
const BATCH_SIZE = 25
const MAX_ATTEMPTS = 12
const FIRST_PAUSE_MS = 20
const LONGEST_PAUSE_MS = 2_000

/**
 * Writes all requests, repeating what DynamoDB leaves unprocessed with growing pauses. Rejects with `store_unavailable`
 * when some are still left after twelve attempts: nothing is lost without a word.
 */
export async function writeRows(
  client: DynamoDBClient,
  tableName: string,
  requests: readonly WriteRequest[],
  random: () => number,
): Promise<void> {
  for (let start = 0; start < requests.length; start += BATCH_SIZE) {
    let left: WriteRequest[] = requests.slice(start, start + BATCH_SIZE)
    for (let attempt = 0; left.length > 0; attempt += 1) {
      if (attempt === MAX_ATTEMPTS) {
        throw new FlagDataError(
          'store_unavailable',
          `DynamoDB left ${left.length} items of "${tableName}" unwritten, throttled`,
        )
      }
      if (attempt > 0) await pause(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt) * (0.5 + random() / 2))
      const { UnprocessedItems } = await client.send(new BatchWriteItemCommand({ RequestItems: { [tableName]: left } }))
      left = UnprocessedItems?.[tableName] ?? []
    }
  }
}
