import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch'
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns'
import middy, { type MiddyfiedHandler } from '@middy/core'
import { keysFromEnvironment, stampClient, withRecordScope } from '@waybill/core'
import { honourDecisions } from '@waybill/middy'
import { flags } from '../flags.ts'
import { log } from '../log.ts'
import { observers } from '../observers.ts'
import type { OrderAccepted } from '../order.ts'
import { recordOnce } from '../order-rows.ts'
import { recalls } from '../recalls.ts'
import { resources } from '../resources.ts'
import { type BatchResponse, type KinesisEvent, type KinesisRecord, orderIn } from '../stream-record.ts'
import { timeOutsAreLambdas } from '../time-outs.ts'

const sns = stampClient(new SNSClient())
const eventBridge = stampClient(new EventBridgeClient(), { to: [resources.eventBus] })
const processor = new BatchProcessor(EventType.KinesisDataStreams)

/** Takes an order from the stream and tells everybody: by SNS those who notify, by EventBridge those who reward. */
async function accept(record: KinesisRecord): Promise<void> {
  const { orderId, userId, cents } = orderIn(record)
  const accepted: OrderAccepted = { type: 'order_accepted', orderId, userId, cents }
  const text = JSON.stringify(accepted)
  const [, { FailedEntryCount = 0 }] = await Promise.all([
    sns.send(new PublishCommand({ TopicArn: resources.acceptedTopicArn, Message: text })),
    eventBridge.send(
      new PutEventsCommand({
        Entries: [
          { EventBusName: resources.eventBus, Source: 'food-ordering', DetailType: 'order_accepted', Detail: text },
        ],
      }),
    ),
  ])
  if (FailedEntryCount > 0) throw new Error(`EventBridge did not take the acceptance of ${orderId}`)
  await recordOnce(orderId, 'acceptance', userId, {})
  log('order accepted', { orderId })
}

const acceptEach = withRecordScope(accept)

export const handler: MiddyfiedHandler<KinesisEvent, BatchResponse> = middy(
  (event: KinesisEvent) => processPartialResponse(event, acceptEach, processor),
  timeOutsAreLambdas,
).use(honourDecisions({ flags, keys: keysFromEnvironment(), observers, ...recalls }))
