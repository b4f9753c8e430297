import { readFileSync } from 'node:fs'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { affectedUsers, type Observer } from '@waybill/core'
import { dynamoDbAffectedUsers } from '@waybill/dynamodb'
import { variationMetrics } from '@waybill/powertools/metrics'
import { resources } from './resources.ts'

/** How the line begins that `countLines` writes. */
export const COUNT_LINE = '{"waybillCounts":'

/** One line for each scope in which something was counted. */
const countLines: Observer = {
  reportsCounts: true,
  end: ({ counts }) => {
    if (counts.size > 0) console.log(`${COUNT_LINE}${JSON.stringify(Object.fromEntries(counts))}}`)
  },
}

const metrics = variationMetrics()

function affectedUsersIn(tableName: string): Observer {
  const store = dynamoDbAffectedUsers({ client: new DynamoDBClient(), tableName })
  const { seenOneIn, slowMs, rolloutName } = resources
  return affectedUsers({
    store,
    onNew: metrics.affectedUser,
    seenOneIn,
    ...(slowMs === undefined ? {} : { slowMs }),
    ...(rolloutName === undefined ? {} : { rolloutOf: ({ flag }) => nameIn(rolloutName) ?? flag }),
  })
}

/** In production it would be an environment variable: who releases a new canary deploys anyway. */
function nameIn(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim() || undefined
  } catch {
    return undefined
  }
}

/** Who watches the functions of the order chain; where deliveries are written down, all counts are as well. */
export const observers: readonly Observer[] = [
  metrics,
  ...(resources.affectedUsersTable === undefined ? [] : [affectedUsersIn(resources.affectedUsersTable)]),
  ...(resources.deliveriesTable === undefined ? [] : [countLines]),
]
