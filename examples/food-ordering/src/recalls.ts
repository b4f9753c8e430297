import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { RecallSource } from '@waybill/core'
import { dynamoDbRecallSource } from '@waybill/dynamodb'
import { resources } from './resources.ts'

function recallsOf(ttlSeconds: number): RecallSource {
  return dynamoDbRecallSource({ client: new DynamoDBClient(), tableName: resources.flagsTable, ttlSeconds })
}

/** What operators took back, for the functions that honour decisions: an option of theirs. */
export const recalls: { readonly recalls?: RecallSource } =
  resources.recallsTtlSeconds === undefined ? {} : { recalls: recallsOf(resources.recallsTtlSeconds) }
