import { BatchWriteItemCommand, type WriteRequest } from '@aws-sdk/client-dynamodb'
import { FlagDataError } from '@waybill/flags'
import { backOff, patientRequest, type Table } from './table.ts'

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html */
export const BATCH_SIZE = 25
const MAX_ATTEMPTS = 12

/**
 * Writes all requests, repeating what DynamoDB leaves unprocessed with growing pauses. Rejects with `store_unavailable`
 * when some are still left after twelve attempts: nothing is lost without a word.
 */
export async function writeRows(table: Table, requests: readonly WriteRequest[]): Promise<void> {
  const { client, tableName } = table
  for (let start = 0; start < requests.length; start += BATCH_SIZE) {
    let left: WriteRequest[] = requests.slice(start, start + BATCH_SIZE)
    for (let attempt = 0; left.length > 0; attempt += 1) {
      if (attempt === MAX_ATTEMPTS) {
        throw new FlagDataError(
          'store_unavailable',
          `DynamoDB left ${left.length} items of "${tableName}" unwritten, throttled`,
        )
      }
      if (attempt > 0) await backOff(table, attempt - 1)
      const command = new BatchWriteItemCommand({ RequestItems: { [tableName]: left } })
      const { UnprocessedItems } = await patientRequest(table, (options) => client.send(command, options))
      left = UnprocessedItems?.[tableName] ?? []
    }
  }
}
