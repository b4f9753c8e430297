export {
  type DynamoDb,
  type DynamoDbEngine,
  findDynoxide,
  type StartDynamoDbOptions,
  startDynamoDb,
} from './engines/dynamodb.ts'
export type { InvokeLambda } from './engines/event-delivery.ts'
export {
  type Delivery,
  type EventBridge,
  type StartEventBridgeOptions,
  startEventBridge,
} from './engines/eventbridge.ts'
export { type Kinesis, type StartKinesisOptions, startKinesis } from './engines/kinesis.ts'
export { LOCAL_ACCOUNT, LOCAL_REGION } from './engines/loopback.ts'
export type { EventEnvelope } from './engines/put-events.ts'
export { type SqsSns, type StartSqsSnsOptions, startSqsSns } from './engines/sqs-sns.ts'
export { type Engines, type Service, type StartEnginesOptions, startEngines } from './engines/start-engines.ts'
