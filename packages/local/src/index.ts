export { emfFaults } from './emf/emf-faults.ts'
export { type LocalCloudWatch, type StartCloudWatchOptions, startCloudWatch } from './engines/cloudwatch.ts'
export { type Cutter, startCutter } from './engines/cutter.ts'
export {
  type DynamoDb,
  type DynamoDbEngine,
  findDynoxide,
  type StartDynamoDbOptions,
  startDynamoDb,
} from './engines/dynamodb.ts'
export { type EngineProcess, type ProcessEngine, startEngineProcess } from './engines/engine-process.ts'
export type { InvokeLambda } from './engines/event-delivery.ts'
export {
  type Delivery,
  type EventBridge,
  type StartEventBridgeOptions,
  startEventBridge,
} from './engines/eventbridge.ts'
export { type Kinesis, type StartKinesisOptions, startKinesis } from './engines/kinesis.ts'
export {
  type LaunchDarklyFault,
  type LaunchDarklyItem,
  type LaunchDarklyWebhook,
  type LocalLaunchDarkly,
  type StartLaunchDarklyOptions,
  startLaunchDarkly,
} from './engines/launchdarkly.ts'
export { LOCAL_ACCOUNT, LOCAL_REGION } from './engines/loopback.ts'
export { type ParameterStore, startParameterStore } from './engines/parameter-store.ts'
export type { EventEnvelope } from './engines/put-events.ts'
export { findRedisServer, type Redis, type StartRedisOptions, startRedis } from './engines/redis.ts'
export { type SecretsManager, startSecretsManager } from './engines/secrets-manager.ts'
export { type SqsSns, type StartSqsSnsOptions, startSqsSns } from './engines/sqs-sns.ts'
export { type Engines, type Service, type StartEnginesOptions, startEngines } from './engines/start-engines.ts'
export { type StartStepFunctionsOptions, type StepFunctions, startStepFunctions } from './engines/step-functions.ts'
export { type LambdaApi, startLambdaApi } from './lambda/api.ts'
export { type HttpEdge, type HttpEdgeOptions, startHttpEdge } from './lambda/edge/http-edge.ts'
export type { EdgeKind, EdgeRoute } from './lambda/edge/route.ts'
export { LambdaHostError, type LambdaHostErrorCode } from './lambda/errors.ts'
export type { FunctionOptions } from './lambda/function-settings.ts'
export {
  type DiscardedInvocation,
  type InvokeOptions,
  type InvokeResult,
  type LambdaHost,
  type LambdaHostOptions,
  startLambdaHost,
} from './lambda/host.ts'
export type { LogLine } from './lambda/log-lines.ts'
export type { KinesisRecord } from './lambda/mappings/kinesis-record.ts'
export type { EventSourceMapping } from './lambda/mappings/mapping.ts'
export { mapQueue, type QueueMappingOptions } from './lambda/mappings/queue.ts'
export { type DiscardedRecords, mapStream, type StreamMappingOptions } from './lambda/mappings/stream.ts'
export { functionNameOf, lambdaPort } from './lambda/port.ts'
