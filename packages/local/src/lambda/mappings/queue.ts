import {
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs'
import { pause } from '../../pause.ts'
import type { LambdaHost } from '../host.ts'
import { deliverBatch } from './batch-result.ts'
import { type EventSourceMapping, repeat, splitBySize } from './mapping.ts'
import { type SqsRecord, sqsRecord } from './sqs-record.ts'

export interface QueueMappingOptions {
  readonly client: SQSClient
  readonly queueUrl: string
  readonly queueArn: string
  readonly host: LambdaHost
  readonly functionName: string
  /** 1 to 10. Default 10. */
  readonly batchSize?: number
  /** Batches at a time. Default 2. */
  readonly concurrency?: number
  /** Wait after a receive that was not full, so that the next one is fuller. Default 0. */
  readonly pollIntervalMs?: number
  /** `FunctionResponseTypes: ['ReportBatchItemFailures']`. Default true. */
  readonly reportBatchItemFailures?: boolean
  /** A receive or delete that failed, or an invocation that the host refused; polling goes on. */
  readonly onError?: (error: unknown) => void
}

const errorPauseMs = 100
const drainCheckMs = 25

/**
 * Polls a queue as Lambda's event-source mapping does: deletes what succeeded, leaves what failed to its visibility
 * time-out and to the queue's own redrive policy.
 *
 * Not emulated: batching windows and batches above 10, event filters, scaling, Lambda's back-off.
 *
 * @example
 * const mapping = mapQueue({ client: new SQSClient(), queueUrl, queueArn, host, functionName: 'notify-user' })
 * await mapping.idle()
 * await mapping.stop()
 */
export function mapQueue(options: QueueMappingOptions): EventSourceMapping {
  const { client, queueUrl, queueArn, host, functionName } = options
  const { batchSize = 10, concurrency = 2, reportBatchItemFailures = true, onError = () => undefined } = options
  const { pollIntervalMs = 0 } = options
  const ending = new AbortController()
  const { signal } = ending
  let inFlight = 0
  let delivered = 0

  const receive = async (): Promise<readonly Message[]> => {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: batchSize,
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['All'],
        WaitTimeSeconds: 20,
      }),
      { abortSignal: signal },
    )
    return Messages
  }

  const remove = async (records: readonly SqsRecord[]): Promise<void> => {
    if (records.length === 0) return
    const Entries = records.map(({ receiptHandle }, index) => ({ Id: String(index), ReceiptHandle: receiptHandle }))
    const { Failed = [] } = await client.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }))
    for (const failure of Failed) onError(new Error(`Could not delete a message: ${failure.Code} ${failure.Message}`))
    delivered += records.length - Failed.length
  }

  const deliver = async (records: readonly SqsRecord[]): Promise<void> => {
    const identifiers = records.map(({ messageId }) => messageId)
    const result = await deliverBatch({ host, functionName, records, identifiers, reportBatchItemFailures, onError })
    if (result.failed === 'all') return
    await remove(result.failed === 'none' ? records : records.filter((r) => !result.identifiers.has(r.messageId)))
  }

  const poll = async (): Promise<void> => {
    const messages = await receive()
    inFlight += messages.length
    try {
      // One after another: a FIFO queue's groups keep their order.
      for (const batch of splitBySize(messages.map((message) => sqsRecord(message, queueArn)))) await deliver(batch)
    } finally {
      inFlight -= messages.length
    }
    if (pollIntervalMs > 0 && messages.length < batchSize) await pause(pollIntervalMs, signal)
  }

  const isDrained = async (): Promise<boolean> => {
    if (inFlight > 0) return false
    const { Attributes = {} } = await client.send(
      new GetQueueAttributesCommand({
        QueueUrl: queueUrl,
        AttributeNames: [
          'ApproximateNumberOfMessages',
          'ApproximateNumberOfMessagesNotVisible',
          'ApproximateNumberOfMessagesDelayed',
        ],
      }),
    )
    return inFlight === 0 && Object.values(Attributes).every((count) => count === '0')
  }

  const loops = Array.from({ length: concurrency }, () => repeat(poll, { signal, pauseMs: errorPauseMs, onError }))

  return {
    delivered: () => delivered,
    idle: async () => {
      // An engine that cannot be asked is not known to be drained.
      while (!signal.aborted && !(await isDrained().catch(() => false))) await pause(drainCheckMs, signal)
    },
    stop: async () => {
      ending.abort()
      await Promise.all(loops)
    },
  }
}
