/** What an edge function loads of Waybill, but for the AWS SDK. */
export { declareFlags, keyRing, stampClient, withEvaluatedFlags } from '@waybill/core'
export { dynamoDbFlagReader } from '@waybill/dynamodb'
export { cachedSource } from '@waybill/flags'
