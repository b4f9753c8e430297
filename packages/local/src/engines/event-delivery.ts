import { GetQueueUrlCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs'
import type { EventEnvelope } from './put-events.ts'

/** Runs a function, named by its name or ARN, and answers its result; a function that failed rejects. */
export type InvokeLambda = (functionName: string, payload: unknown) => Promise<unknown>

export interface DeliveryOptions {
  readonly sqs: SQSClient
  readonly invokeLambda?: InvokeLambda
}

/** Answers how one event reaches one target: a queue gets it as the body of a message, a function as its payload. */
export function createDelivery(
  options: DeliveryOptions,
): (targetArn: string, event: EventEnvelope, messageGroupId?: string) => Promise<void> {
  const { sqs, invokeLambda } = options
  const queueUrls = new Map<string, Promise<string>>()

  async function findQueueUrl(queueName: string): Promise<string> {
    const { QueueUrl: url } = await sqs.send(new GetQueueUrlCommand({ QueueName: queueName }))
    if (url === undefined) throw new Error(`the queue ${queueName} has no URL`)
    return url
  }

  function queueUrl(queueName: string): Promise<string> {
    const known = queueUrls.get(queueName)
    if (known !== undefined) return known
    const url = findQueueUrl(queueName)
    queueUrls.set(queueName, url)
    url.catch(() => queueUrls.delete(queueName))
    return url
  }

  return async (targetArn, event, messageGroupId) => {
    if (targetArn.startsWith('arn:aws:sqs:')) {
      const url = await queueUrl(targetArn.slice(targetArn.lastIndexOf(':') + 1))
      const group = messageGroupId === undefined ? {} : { MessageGroupId: messageGroupId }
      await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: JSON.stringify(event), ...group }))
      return
    }
    if (invokeLambda === undefined) throw new Error(`nothing was given to invoke ${targetArn} with`)
    await invokeLambda(targetArn, event)
  }
}
