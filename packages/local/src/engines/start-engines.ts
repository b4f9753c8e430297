import { type DynamoDb, startDynamoDb } from './dynamodb.ts'
import type { InvokeLambda } from './event-delivery.ts'
import { type Delivery, type EventBridge, startEventBridge } from './eventbridge.ts'
import { type Kinesis, startKinesis } from './kinesis.ts'
import { LOCAL_REGION } from './loopback.ts'
import { type SqsSns, startSqsSns } from './sqs-sns.ts'
import { type StepFunctions, startStepFunctions } from './step-functions.ts'

export type Service = 'dynamodb' | 'kinesis' | 'sqs-sns' | 'eventbridge' | 'stepfunctions'

const ALL_SERVICES: readonly Service[] = ['dynamodb', 'kinesis', 'sqs-sns', 'eventbridge', 'stepfunctions']

export interface StartEnginesOptions {
  /** All of them by default. */
  readonly services?: readonly Service[]
  /** For functions that EventBridge or Step Functions call. Used when they do, so it may reach a host started later. */
  readonly invokeLambda?: InvokeLambda
  readonly onDeliver?: (delivery: Delivery) => void
  /** Milliseconds since the epoch. */
  readonly clock?: () => number
}

export interface Engines {
  /** What default-constructed SDK clients need to find the engines; merge it into `process.env` or a child's. */
  readonly env: Readonly<Record<string, string>>
  readonly dynamodb?: DynamoDb
  readonly kinesis?: Kinesis
  readonly sqsSns?: SqsSns
  readonly eventbridge?: EventBridge
  readonly stepfunctions?: StepFunctions
  /** Leaves no child process and no open socket. */
  close(): Promise<void>
}

/**
 * Starts local engines side by side.
 *
 * @example
 * const engines = await startEngines({ services: ['dynamodb', 'kinesis'] })
 * Object.assign(process.env, engines.env)
 * await new DynamoDBClient().send(new ListTablesCommand())
 * await engines.close()
 */
export async function startEngines(options: StartEnginesOptions = {}): Promise<Engines> {
  const services = new Set(options.services ?? ALL_SERVICES)
  const { invokeLambda, onDeliver, clock } = options
  const ports = {
    ...(invokeLambda === undefined ? {} : { invokeLambda }),
    ...(onDeliver === undefined ? {} : { onDeliver }),
    ...(clock === undefined ? {} : { clock }),
  }
  const wanted = <Engine>(service: Service, start: () => Promise<Engine>) =>
    services.has(service) ? start() : Promise.resolve(undefined)

  const sqsSnsStarting = wanted('sqs-sns', () => startSqsSns())
  const starting = [
    wanted('dynamodb', () => startDynamoDb()),
    wanted('kinesis', () => startKinesis()),
    sqsSnsStarting,
    wanted('eventbridge', async () => {
      const sqsSns = await sqsSnsStarting
      return startEventBridge({ ...ports, ...(sqsSns === undefined ? {} : { sqsEndpoint: sqsSns.endpoint }) })
    }),
    wanted('stepfunctions', () => startStepFunctions({ invokeLambda: noLambda, ...ports })),
  ] as const

  const settled = await Promise.allSettled(starting)
  const started = settled.flatMap((result) => (result.status === 'fulfilled' && result.value ? [result.value] : []))
  // EventBridge first, which still sends to queues while it closes.
  const close = async () => {
    for (const engine of started.toReversed()) await engine.close()
  }
  const failed = settled.find((result) => result.status === 'rejected')
  if (failed !== undefined) {
    await close()
    throw failed.reason
  }

  const [dynamodb, kinesis, sqsSns, eventbridge, stepfunctions] = await Promise.all(starting)
  return {
    env: {
      AWS_REGION: LOCAL_REGION,
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      ...(dynamodb && {
        AWS_ENDPOINT_URL_DYNAMODB: dynamodb.endpoint,
        AWS_ENDPOINT_URL_DYNAMODB_STREAMS: dynamodb.endpoint,
      }),
      ...(kinesis && { AWS_ENDPOINT_URL_KINESIS: kinesis.endpoint }),
      ...(sqsSns && { AWS_ENDPOINT_URL_SQS: sqsSns.endpoint, AWS_ENDPOINT_URL_SNS: sqsSns.endpoint }),
      ...(eventbridge && { AWS_ENDPOINT_URL_EVENTBRIDGE: eventbridge.endpoint }),
      ...(stepfunctions && { AWS_ENDPOINT_URL_SFN: stepfunctions.endpoint }),
    },
    ...(dynamodb && { dynamodb }),
    ...(kinesis && { kinesis }),
    ...(sqsSns && { sqsSns }),
    ...(eventbridge && { eventbridge }),
    ...(stepfunctions && { stepfunctions }),
    close,
  }
}

async function noLambda(functionName: string): Promise<never> {
  throw new Error(`nothing was given to invoke ${functionName} with`)
}
