import { CreateTableCommand, DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import {
  CreateEventBusCommand,
  DeleteRuleCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
  ResourceAlreadyExistsException,
} from '@aws-sdk/client-eventbridge'
import { CreateStreamCommand, DeleteStreamCommand, DescribeStreamCommand, KinesisClient } from '@aws-sdk/client-kinesis'
import { CreateTopicCommand, DeleteTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns'
import { CreateQueueCommand, DeleteQueueCommand, GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs'
import { loyaltySource, notifyUserSource } from '../settings.ts'

export interface Clients {
  readonly dynamodb: DynamoDBClient
  readonly kinesis: KinesisClient
  readonly sns: SNSClient
  readonly sqs: SQSClient
  readonly eventBridge: EventBridgeClient
}

/** What the functions talk to, as it stands on the engines. */
export interface Provisioned {
  readonly streamName: string
  readonly streamArn: string
  readonly topicArn: string
  readonly queueUrl: string
  readonly queueArn: string
  /** Takes all of it away again, so that the next run finds clean engines. */
  remove(): Promise<void>
}

const ORDERS_TABLE = 'orders'
const FLAGS_TABLE = 'flags'
const STREAM = 'order-events'
const BUS = 'orders'
const RULE = 'order-accepted'

/** Clients for the engines that `env` names, as default-constructed ones of a function find them. */
export function clientsFor(env: Readonly<Record<string, string>>): Clients {
  const settings = (service: string) => ({
    endpoint: env[`AWS_ENDPOINT_URL_${service}`] ?? '',
    region: env['AWS_REGION'] ?? '',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  })
  return {
    dynamodb: new DynamoDBClient(settings('DYNAMODB')),
    kinesis: new KinesisClient(settings('KINESIS')),
    sns: new SNSClient(settings('SNS')),
    sqs: new SQSClient(settings('SQS')),
    eventBridge: new EventBridgeClient(settings('EVENTBRIDGE')),
  }
}

export function destroyClients(clients: Clients): void {
  for (const client of Object.values(clients)) client.destroy()
}

export interface QueueSettings {
  readonly visibilityTimeoutSeconds: number
  /** With it, what was received more often goes to the queue of this name. */
  readonly deadLetters?: { readonly queueName: string; readonly maxReceiveCount: number }
}

/** Makes the tables, the stream, the topic with its queue, the bus and its rule for `loyalty`. */
export async function provision(
  clients: Clients,
  loyaltyArn: string,
  queue: QueueSettings = { visibilityTimeoutSeconds: notifyUserSource.queue.visibilityTimeoutSeconds },
): Promise<Provisioned> {
  const { dynamodb, kinesis, sns, sqs, eventBridge } = clients
  const [streamArn, { topicArn, queueUrl, queueArn }] = await Promise.all([
    createStream(kinesis),
    createTopicAndQueue(sns, sqs, queue),
    createTable(dynamodb, ORDERS_TABLE, 'orderId', 'row'),
    createTable(dynamodb, FLAGS_TABLE, 'namespace', 'key'),
    createRule(eventBridge, loyaltyArn),
  ])
  return {
    streamName: STREAM,
    streamArn,
    topicArn,
    queueUrl,
    queueArn,
    remove: async () => {
      await Promise.all([
        dynamodb.send(new DeleteTableCommand({ TableName: ORDERS_TABLE })),
        dynamodb.send(new DeleteTableCommand({ TableName: FLAGS_TABLE })),
        kinesis.send(new DeleteStreamCommand({ StreamName: STREAM })),
        sns.send(new DeleteTopicCommand({ TopicArn: topicArn })),
        sqs.send(new DeleteQueueCommand({ QueueUrl: queueUrl })),
        removeRule(eventBridge),
      ])
    },
  }
}

export async function createTable(
  client: DynamoDBClient,
  name: string,
  hashKey: string,
  rangeKey: string,
): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: hashKey, KeyType: 'HASH' },
        { AttributeName: rangeKey, KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [hashKey, rangeKey].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    }),
  )
}

async function createStream(client: KinesisClient): Promise<string> {
  await client.send(new CreateStreamCommand({ StreamName: STREAM, ShardCount: 2 }))
  for (;;) {
    const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamName: STREAM }))
    if (StreamDescription?.StreamStatus === 'ACTIVE') return StreamDescription.StreamARN ?? ''
  }
}

async function createTopicAndQueue(
  sns: SNSClient,
  sqs: SQSClient,
  { visibilityTimeoutSeconds, deadLetters }: QueueSettings,
): Promise<Pick<Provisioned, 'topicArn' | 'queueUrl' | 'queueArn'>> {
  const redrive = deadLetters === undefined ? {} : { RedrivePolicy: await redrivePolicy(sqs, deadLetters) }
  const [{ TopicArn: topicArn = '' }, { QueueUrl: queueUrl = '' }] = await Promise.all([
    sns.send(new CreateTopicCommand({ Name: 'order-accepted' })),
    sqs.send(
      new CreateQueueCommand({
        QueueName: 'user-notifications',
        Attributes: { VisibilityTimeout: String(visibilityTimeoutSeconds), ...redrive },
      }),
    ),
  ])
  const queueArn = await arnOf(sqs, queueUrl)
  await sns.send(new SubscribeCommand({ TopicArn: topicArn, Protocol: 'sqs', Endpoint: queueArn }))
  return { topicArn, queueUrl, queueArn }
}

async function redrivePolicy(
  sqs: SQSClient,
  { queueName, maxReceiveCount }: NonNullable<QueueSettings['deadLetters']>,
): Promise<string> {
  const { QueueUrl: url = '' } = await sqs.send(new CreateQueueCommand({ QueueName: queueName }))
  return JSON.stringify({ deadLetterTargetArn: await arnOf(sqs, url), maxReceiveCount })
}

async function arnOf(sqs: SQSClient, queueUrl: string): Promise<string> {
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['QueueArn'] }),
  )
  return Attributes?.['QueueArn'] ?? ''
}

async function createRule(client: EventBridgeClient, targetArn: string): Promise<void> {
  await client.send(new CreateEventBusCommand({ Name: BUS })).catch((error: unknown) => {
    if (!(error instanceof ResourceAlreadyExistsException)) throw error
  })
  const EventPattern = JSON.stringify(loyaltySource.pattern)
  await client.send(new PutRuleCommand({ Name: RULE, EventBusName: BUS, EventPattern }))
  await client.send(
    new PutTargetsCommand({ Rule: RULE, EventBusName: BUS, Targets: [{ Id: 'loyalty', Arn: targetArn }] }),
  )
}

async function removeRule(client: EventBridgeClient): Promise<void> {
  await client.send(new RemoveTargetsCommand({ Rule: RULE, EventBusName: BUS, Ids: ['loyalty'] }))
  await client.send(new DeleteRuleCommand({ Name: RULE, EventBusName: BUS }))
}
