import { randomBytes } from 'node:crypto'
import {
  type Engines,
  type FunctionOptions,
  functionNameOf,
  type InvokeLambda,
  type LambdaHost,
  type LogLine,
  mapQueue,
  mapStream,
  startEngines,
  startHttpEdge,
  startLambdaApi,
  startLambdaHost,
} from '@waybill/local'
import { acceptOrderSource, notifyRestaurantSource, notifyUserSource } from '../settings.ts'
import { orderFunctions } from './functions.ts'
import { gateBefore } from './gate.ts'
import { type Clients, clientsFor, destroyClients, provision } from './resources.ts'

/** The engines, and a way for EventBridge to whichever functions are deployed at the time. */
export interface LocalEngines {
  readonly engines: Engines
  readonly clients: Clients
  /** Whom EventBridge invokes from now on. */
  serve(host: LambdaHost | undefined): void
  close(): Promise<void>
}

export async function startLocalEngines(): Promise<LocalEngines> {
  let serving: LambdaHost | undefined
  const invokeLambda: InvokeLambda = async (functionName, payload) => {
    if (serving === undefined) throw new Error(`${functionName} is not deployed`)
    const { payload: answer, functionError } = await serving.invoke(
      functionNameOf(functionName),
      JSON.stringify(payload),
    )
    if (functionError !== undefined) throw new Error(answer)
    return answer
  }
  const engines = await startEngines({ services: ['dynamodb', 'kinesis', 'sqs-sns', 'eventbridge'], invokeLambda })
  const clients = clientsFor(engines.env)
  return {
    engines,
    clients,
    serve: (host) => {
      serving = host
    },
    close: async () => {
      destroyClients(clients)
      await engines.close()
    },
  }
}

/** How functions get onto the host, and by which host they are then called. */
export interface Deployment {
  readonly front: LambdaHost
  deploy(fn: FunctionOptions): Promise<void>
}

/** One version of each function. */
export function plainDeployment(host: LambdaHost): Deployment {
  return {
    front: host,
    deploy: async (fn) => {
      host.deploy(fn)
      await host.warm(fn.name)
    },
  }
}

export interface StackOptions {
  readonly local: LocalEngines
  readonly deployment?: (host: LambdaHost) => Deployment
  readonly onLog?: (line: LogLine) => void
  /** How long the edge function may use flags before it asks again. Default 0.25. */
  readonly flagsTtlSeconds?: number
  /** How long a message that failed stays out of sight. Default as in production. */
  readonly visibilityTimeoutSeconds?: number
  /** How long the consumers wait after a read that was not full. Default as the mappings have it: hardly. */
  readonly pollIntervalMs?: number
  /** Halves batches that fail, as production does: takes its time with many poison records. Default: not. */
  readonly bisects?: boolean
}

/** The order chain at work on the local engines. */
export interface Stack {
  /** Where `POST /orders` is served. */
  readonly url: string
  readonly clients: Clients
  /** Lets no batch of the stream through until `release`. */
  hold(): void
  release(): void
  /** Resolves when every message was consumed and nothing runs. */
  settled(): Promise<void>
  /** Stops the functions and removes what was provisioned; the engines stay. */
  close(): Promise<void>
}

/** Provisions what the functions need, deploys them and attaches them to their sources. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { local, deployment = plainDeployment, onLog, flagsTtlSeconds = 0.25, bisects = false } = options
  const { visibilityTimeoutSeconds = notifyUserSource.queue.visibilityTimeoutSeconds } = options
  const polling = options.pollIntervalMs === undefined ? {} : { pollIntervalMs: options.pollIntervalMs }
  const { engines, clients } = local
  // Last opened, first closed; also when starting fails half-way.
  const closing: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const step of closing.splice(0).toReversed()) await step()
  }

  try {
    const host = startLambdaHost({ env: engines.env, ...(onLog === undefined ? {} : { onLog }) })
    closing.push(() => host.close())
    const { front, deploy } = deployment(host)
    local.serve(front)
    closing.push(async () => local.serve(undefined))

    const provisioned = await provision(clients, host.functionArn('loyalty'), { visibilityTimeoutSeconds })
    closing.push(() => provisioned.remove())
    const lambdaApi = await startLambdaApi(front)
    closing.push(() => lambdaApi.close())
    const inside = await startHttpEdge({
      host: front,
      routes: [{ method: 'GET', path: '/quote', functionName: 'price-quote' }],
    })
    closing.push(() => inside.close())
    const edge = await startHttpEdge({
      host: front,
      routes: [{ method: 'POST', path: '/orders', functionName: 'place-order' }],
    })
    closing.push(() => edge.close())

    const env = {
      AWS_ENDPOINT_URL_LAMBDA: lambdaApi.url,
      ORDER_ACCEPTED_TOPIC_ARN: provisioned.topicArn,
      PRICES_URL: inside.url,
      FLAGS_TTL_SECONDS: String(flagsTtlSeconds),
      WAYBILL_KEYS: `demo1:${randomBytes(32).toString('base64')}`,
      WAYBILL_SUBJECT_SECRET: randomBytes(32).toString('base64'),
    }
    await Promise.all(orderFunctions(env).map(deploy))

    const gate = gateBefore(front)
    const stream = { client: clients.kinesis, ...provisioned, ...polling, host: gate.host }
    const queue = { client: clients.sqs, ...provisioned, ...polling, host: front }
    const mappings = [
      await mapStream({ ...stream, functionName: 'accept-order', ...locally(acceptOrderSource, bisects) }),
      await mapStream({ ...stream, functionName: 'notify-restaurant', ...locally(notifyRestaurantSource, bisects) }),
      mapQueue({ ...queue, functionName: 'notify-user', batchSize: notifyUserSource.batchSize }),
    ]
    closing.push(async () => {
      gate.open()
      await Promise.all(mappings.map((mapping) => mapping.stop()))
    })

    const [acceptOrder, notifyRestaurant, notifyUser] = mappings
    return {
      url: edge.url,
      clients,
      hold: gate.close,
      release: gate.open,
      // In the order of the chain: each can only be done when those before it are.
      settled: async () => {
        await Promise.all([acceptOrder?.idle(), notifyRestaurant?.idle()])
        await engines.eventbridge?.idle()
        await notifyUser?.idle()
        await front.idle()
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** The settings that the local mapping knows; it does not look at a record's age. */
function locally(source: typeof acceptOrderSource, bisects: boolean) {
  const { batchSize, startingPosition, maximumRetryAttempts, bisectBatchOnFunctionError } = source
  return {
    batchSize,
    startingPosition,
    maximumRetryAttempts,
    bisectBatchOnFunctionError: bisects && bisectBatchOnFunctionError,
  }
}
