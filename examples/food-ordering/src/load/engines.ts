import { join } from 'node:path'
import {
  type Cutter,
  type EventBridge,
  type InvokeLambda,
  LOCAL_REGION,
  startCutter,
  startDynamoDb,
  startEngineProcess,
  startEventBridge,
} from '@waybill/local'

export type Outage = 'kill' | 'cut' | 'hang'

/** Something that functions depend on, and how it can fail them. */
export interface Breakable {
  /** Where clients find it, whatever becomes of it. */
  readonly endpoint: string
  readonly outages: readonly Outage[]
  break(how: Outage): Promise<void>
  /** Makes it whole again; a killed engine is started on what it had written to its disk. */
  mend(): Promise<void>
  close(): Promise<void>
}

interface Engine {
  readonly endpoint: string
  kill(): Promise<void>
  close(): Promise<void>
}

/** An engine with a disk: it can be killed. */
export async function breakableEngine(start: () => Promise<Engine>): Promise<Breakable> {
  let engine = await start()
  let killed = false
  const cutter = await startCutter(engine.endpoint)
  return {
    endpoint: cutter.endpoint,
    outages: ['kill', 'cut', 'hang'],
    break: async (how) => {
      if (how !== 'kill') return cutter[how]()
      killed = true
      const dying = engine.kill()
      cutter.cut()
      await dying
    },
    mend: async () => {
      if (killed) {
        engine = await start()
        cutter.lead(engine.endpoint)
        killed = false
      }
      cutter.heal()
    },
    close: async () => {
      await cutter.close()
      if (!killed) await engine.close()
    },
  }
}

/** A service whose state is in this process, where AWS's would be on many disks: only the way to it fails. */
export async function breakableWay(endpoint: string): Promise<Breakable> {
  const cutter: Cutter = await startCutter(endpoint)
  return {
    endpoint: cutter.endpoint,
    outages: ['cut', 'hang'],
    break: async (how) => (how === 'hang' ? cutter.hang() : cutter.cut()),
    mend: async () => cutter.heal(),
    close: cutter.close,
  }
}

export interface LoadEngines {
  /** As functions and clients find the engines: through what can be cut. */
  readonly env: Readonly<Record<string, string>>
  readonly breakables: Readonly<Record<'dynamodb' | 'kinesis' | 'sqs-sns' | 'eventbridge', Breakable>>
  readonly eventBridge: EventBridge
  close(): Promise<void>
}

/** How often EventBridge tries: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html */
const EVENT_BRIDGE_RETRIES = 185

/** Starts the engines, each on a directory of its own below `directory`. */
export async function startLoadEngines(directory: string, invokeLambda: InvokeLambda): Promise<LoadEngines> {
  const opened: { close(): Promise<void> }[] = []
  const open = async <T extends { close(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
    const one = await starting
    opened.push(one)
    return one
  }
  const close = async (): Promise<void> => {
    for (const one of opened.splice(0).toReversed()) await one.close()
  }
  try {
    const dynamodb = await open(breakableEngine(() => startDynamoDb({ dataDir: directory })))
    const kinesis = await open(breakableEngine(() => startEngineProcess('kinesis', join(directory, 'kinesis'))))
    const sqsSns = await open(breakableEngine(() => startEngineProcess('sqs-sns', join(directory, 'sqs-sns'))))
    const eventBridge = await open(startEventBridge({ invokeLambda, maximumRetryAttempts: EVENT_BRIDGE_RETRIES }))
    const wayToEventBridge = await open(breakableWay(eventBridge.endpoint))
    return {
      env: {
        AWS_REGION: LOCAL_REGION,
        AWS_ACCESS_KEY_ID: 'local',
        AWS_SECRET_ACCESS_KEY: 'local',
        AWS_ENDPOINT_URL_DYNAMODB: dynamodb.endpoint,
        AWS_ENDPOINT_URL_KINESIS: kinesis.endpoint,
        AWS_ENDPOINT_URL_SQS: sqsSns.endpoint,
        AWS_ENDPOINT_URL_SNS: sqsSns.endpoint,
        AWS_ENDPOINT_URL_EVENTBRIDGE: wayToEventBridge.endpoint,
      },
      breakables: { dynamodb, kinesis, 'sqs-sns': sqsSns, eventbridge: wayToEventBridge },
      eventBridge,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
