import { CreateQueueCommand, DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { type SqsSns, startSqsSns } from '@waybill/local'
import { vi } from 'vitest'
import { eventOf } from '../keys-queue.ts'

/** A queue on a real engine, and the environment of functions that use it: set before their modules are loaded. */
export async function ordersQueue() {
  const engine: SqsSns = await startSqsSns()
  const secret = Buffer.alloc(32, 5).toString('base64')
  const environment = {
    AWS_ENDPOINT_URL_SQS: engine.endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    WAYBILL_KEYS: `k1:${secret}`,
    WAYBILL_SUBJECT_SECRET: secret,
  }
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
  const sqs = new SQSClient({})
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'orders' }))
  vi.stubEnv('ORDERS_URL', QueueUrl ?? '')
  return {
    /** What Lambda's event source hands to a consumer. */
    async take() {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] }),
      )
      for (const { ReceiptHandle } of Messages) await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }))
      return eventOf(Messages)
    },
    async close() {
      sqs.destroy()
      await engine.close()
      vi.unstubAllEnvs()
    },
  }
}
