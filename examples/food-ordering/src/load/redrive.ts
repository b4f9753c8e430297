import {
  DeleteMessageCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs'

/**
 * Moves all dead letters to a queue, attributes and all, as `StartMessageMoveTask` does, which the engine does not have.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
 */
export async function redriveQueue(client: SQSClient, deadLetters: string, queueUrl: string): Promise<number> {
  const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: deadLetters }))
  for (let moved = 0; ; ) {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] }),
    )
    if (Messages.length === 0) return moved
    for (const { Body, MessageAttributes, ReceiptHandle } of Messages) {
      await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: Body, MessageAttributes }))
      await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }))
      moved += 1
    }
  }
}
