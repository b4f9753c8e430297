import { Logger } from '@aws-lambda-powertools/logger'
import { Tracer } from '@aws-lambda-powertools/tracer'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { affectedUsers, withHonouredDecisions, withRecordScope } from '@waybill/core'
import { dynamoDbAffectedUsers } from '@waybill/dynamodb/affected-users'
import { variationLogs } from '@waybill/powertools/logger'
import { variationMetrics } from '@waybill/powertools/metrics'
import { variationTraces } from '@waybill/powertools/tracer'
import { flags, keys } from './flags.ts'

const metrics = variationMetrics({ namespace: 'FeatureFlags/prod' })
const traces = variationTraces({ tracer: new Tracer() })
const logs = variationLogs({ logger: new Logger() })
const store = dynamoDbAffectedUsers({ client: new DynamoDBClient({}), tableName: 'affected-users' })
const users = affectedUsers({ store, onNew: metrics.affectedUser })

const onRecord = withRecordScope(async (record: { messageId: string; body: string }) => {
  metrics.add('OrderValue', 'None', JSON.parse(record.body).value)
  logs.loggerFor().info(flags.get('new-order-flow') ? 'told the kitchen' : 'called the restaurant')
})

export const handler = withHonouredDecisions(
  async (event: { Records: { messageId: string; body: string }[] }) => {
    await Promise.all(event.Records.map((record) => onRecord(record)))
  },
  { flags, keys, observers: [metrics, traces, logs, users] },
)
