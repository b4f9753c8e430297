import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { declareFlags } from '@waybill/core'
import { dynamoDbFlagReader } from '@waybill/dynamodb'
import { cachedSource } from '@waybill/flags'

/** The first decision of a fresh environment, and whether it is one. */
export async function decide(): Promise<boolean> {
  const flags = declareFlags({ f0: { variations: { off: false, on: true }, default: 'off' } })
  const source = cachedSource(dynamoDbFlagReader({ client: new DynamoDBClient(), tableName: 'flags' }), {
    deadlineMs: 5000,
  })
  const answer = await source.decide({ key: 'u-1' }, flags.all)
  return answer.status === 'live' && answer.decisions.every((one) => 'value' in one && one.value === true)
}
