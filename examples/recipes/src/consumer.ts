import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch'
import middy from '@middy/core'
import { withRecordScope } from '@waybill/core'
import { honourDecisions } from '@waybill/middy'
import { variationMetrics } from '@waybill/powertools/metrics'
import type { Context, KinesisStreamEvent, KinesisStreamRecord } from 'aws-lambda'
import { flags, keys } from './flags.ts'

const processor = new BatchProcessor(EventType.KinesisDataStreams)

const onRecord = withRecordScope(async (record: KinesisStreamRecord) => {
  const order = JSON.parse(Buffer.from(record.kinesis.data, 'base64').toString())
  if (flags.get('new-order-flow') && order.extra === undefined) throw new Error(`order ${order.orderId} has no extra`)
})

export const handler = middy((event: KinesisStreamEvent, context: Context) =>
  processPartialResponse(event, onRecord, processor, { context }),
).use(honourDecisions({ flags, keys, observers: [variationMetrics()] }))
