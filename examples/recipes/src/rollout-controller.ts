import { CloudWatchClient } from '@aws-sdk/client-cloudwatch'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import { dynamoDbAffectedUsers, dynamoDbFlagStore } from '@waybill/dynamodb'
import { rolloutController } from '@waybill/rollout'
import { cloudWatchMinutes } from '@waybill/rollout/cloudwatch'
import { eventBridgeEvents } from '@waybill/rollout/eventbridge'

const dynamodb = new DynamoDBClient({})
const controller = rolloutController({
  store: dynamoDbFlagStore({ client: dynamodb, tableName: 'flags', prefix: 'prod' }),
  affectedUsers: dynamoDbAffectedUsers({ client: dynamodb, tableName: 'affected-users', prefix: 'prod' }),
  minutes: cloudWatchMinutes({ client: new CloudWatchClient({}), services: ['place-order', 'notify-user'] }),
  publish: eventBridgeEvents({ client: new EventBridgeClient({}) }),
})

/** For a schedule of one minute, and as the action of alarms. */
export const handler = (event: unknown) => controller.handler(event)
