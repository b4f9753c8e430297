import {
  CreateQueueCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import type { SQSEvent } from 'aws-lambda'

const LOCAL = { region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }

/** A queue with a dead-letter queue, and an operator's own client, which stamps nothing. */
export async function newQueue(endpoint: string, name: string) {
  const sqs = new SQSClient({ ...LOCAL, endpoint })
  const create = async (QueueName: string, Attributes: Record<string, string>): Promise<string> =>
    (await sqs.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl ?? ''
  const deadUrl = await create(`${name}-dead`, {})
  const deadLetterTargetArn = `arn:aws:sqs:us-east-1:000000000000:${name}-dead`
  const url = await create(name, {
    VisibilityTimeout: '0',
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 1 }),
  })

  const receive = async (QueueUrl: string, MaxNumberOfMessages = 10): Promise<readonly Message[]> => {
    const command = new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages,
      VisibilityTimeout: QueueUrl === url ? 0 : 30,
      MessageAttributeNames: ['All'],
    })
    return (await sqs.send(command)).Messages ?? []
  }
  const remove = (QueueUrl: string, { ReceiptHandle }: Message) =>
    sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }))

  return {
    url,
    /** All that waits, taken from the queue: as Lambda's event source hands it over and deletes it after. */
    async take(): Promise<SQSEvent> {
      const messages = await receive(url)
      for (const message of messages) await remove(url, message)
      return eventOf(messages)
    },
    /** A consumer that crashes over all that waits, until the queue gives it up to the dead-letter queue. */
    async crash(): Promise<void> {
      while ((await receive(url)).length > 0);
    },
    /**
     * Sends `count` messages of the dead-letter queue back to where they came from, with body and attributes, as
     * `StartMessageMoveTask` does, which the engine has not.
     * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
     */
    async redrive(count: number): Promise<number> {
      const dead = await receive(deadUrl, count)
      for (const message of dead) {
        const { Body: MessageBody, MessageAttributes } = message
        await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody, MessageAttributes }))
        await remove(deadUrl, message)
      }
      return dead.length
    },
    close: () => sqs.destroy(),
  }
}

/** https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html */
export function eventOf(messages: readonly Message[]): SQSEvent {
  const Records = messages.map(({ MessageId, Body, MessageAttributes = {} }) => ({
    eventSource: 'aws:sqs',
    messageId: MessageId,
    body: Body,
    messageAttributes: Object.fromEntries(
      Object.entries(MessageAttributes).map(([name, { DataType, StringValue }]) => [
        name,
        { dataType: DataType, stringValue: StringValue },
      ]),
    ),
  }))
  return { Records } as never
}
