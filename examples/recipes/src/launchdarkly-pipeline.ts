import { getSecret } from '@aws-lambda-powertools/parameters/secrets'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { dynamoDbFlagStore } from '@waybill/dynamodb'
import { syncHandler, webhookHandler } from '@waybill/launchdarkly'

// A relay of your own, or another instance of LaunchDarkly than its default one.
const uri = process.env['LAUNCHDARKLY_URI']

const production = {
  sdkKey: () => getSecret('launchdarkly/sdk-key'),
  store: dynamoDbFlagStore({ client: new DynamoDBClient({}), tableName: 'flags', prefix: 'production' }),
  client: uri ? { baseUri: uri, streamUri: uri } : {},
}

/** Behind a function URL. */
export const webhook = webhookHandler({ ...production, secret: () => getSecret('launchdarkly/webhook') })

/** On a schedule of one to five minutes. */
export const schedule = syncHandler(production)
