import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import {
  type DiscardedInvocation,
  type FunctionOptions,
  functionNameOf,
  type LambdaHost,
  type LogLine,
  mapQueue,
  mapStream,
  startHttpEdge,
  startLambdaApi,
  startLambdaHost,
} from '@waybill/local'
import { type FunctionName, orderFunctions } from '../local/functions.ts'
import { type Gate, gateBefore } from '../local/gate.ts'
import { type Clients, clientsFor, createTable, destroyClients, provision } from '../local/resources.ts'
import { acceptOrderSource, notifyUserSource } from '../settings.ts'
import { DELIVERIES_TABLE } from './deliveries.ts'
import { type Breakable, breakableWay, startLoadEngines } from './engines.ts'
import { type FaultInjector, injectFaults } from './faults.ts'
import type { ImportedOrder, ImportResult } from './import-orders.ts'
import { redriveQueue } from './redrive.ts'

export interface LoadStackOptions {
  /** Where engines keep their data; deleted by whoever made it. */
  readonly directory: string
  readonly timeoutMs: number
  /** How long a message that was received and not deleted stays out of sight. */
  readonly visibilityTimeoutSeconds: number
  /** The most records that `notify-restaurant` gets at a time, and the most bytes: a trial may go beyond Lambda's. */
  readonly restaurantBatch: { readonly records: number; readonly bytes: number }
  readonly onLog: (line: LogLine) => void
  readonly logsTo?: string
  /** Handlers in place of the chain's own: for tests of this test. */
  readonly handlers?: Readonly<Partial<Record<FunctionName, string>>>
}

export interface LoadStack {
  /** Where `POST /orders` is served. */
  readonly url: string
  readonly clients: Clients
  readonly breakables: Readonly<Record<string, Breakable>>
  readonly faults: FaultInjector
  /** Before both consumers of the stream. */
  readonly gate: Gate
  /** Batches of the stream that wait at the gate or are being consumed. */
  batchesUnderWay(): number
  /** The batch of most records that `notify-restaurant` was given. */
  largestBatch(): { readonly records: number; readonly bytes: number }
  /** Resolves when every queue and stream is drained and nothing runs; dead letters stay where they are. */
  settled(): Promise<void>
  /** Sends all that was given up on its way again; answers how many queued messages and asynchronous invocations. */
  redrive(): Promise<{ readonly messages: number; readonly invocations: number }>
  /** Gives `notify-restaurant`, which nothing may run at the time, the memory and the time for thousands of records. */
  allowBigBatch(): Promise<void>
  /** Has the import function place orders, at most 500. */
  importOrders(orders: readonly ImportedOrder[]): Promise<ImportResult>
  close(): Promise<void>
}

const FAULTY = fileURLToPath(new URL(`./faulty.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url))
const IMPORT = fileURLToPath(
  new URL(`./import-orders.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url),
)
const DEAD_LETTERS = 'user-notifications-dead'

/** Enough for each handler with its SDK clients, and little enough to be used up at once. */
const MEMORY_MB = 96
const BATCH_MEMORY_MB = 512
/** Lambda's most. https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html */
const BATCH_TIMEOUT_MS = 900_000

/** The order chain on engines that can be killed, with functions that can be struck. */
export async function startLoadStack(options: LoadStackOptions): Promise<LoadStack> {
  const closing: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const step of closing.splice(0).toReversed()) await step()
  }
  try {
    let front: LambdaHost | undefined
    const engines = await startLoadEngines(options.directory, async (name, payload) => {
      await front?.invoke(functionNameOf(name), JSON.stringify(payload), { type: 'Event' })
    })
    closing.push(engines.close)
    const clients = clientsFor(engines.env)
    closing.push(async () => destroyClients(clients))

    const discarded: DiscardedInvocation[] = []
    const host = startLambdaHost({
      env: engines.env,
      onLog: options.onLog,
      onDiscarded: (one) => discarded.push(one),
      payloadLimitBytes: options.restaurantBatch.bytes,
      ...(options.logsTo === undefined ? {} : { logsTo: options.logsTo }),
    })
    closing.push(host.close)
    const faults = injectFaults(host, options.directory)
    front = faults.host

    const provisioned = await provision(clients, host.functionArn('loyalty'), {
      visibilityTimeoutSeconds: options.visibilityTimeoutSeconds,
      // Low, so that there are dead letters to redrive.
      deadLetters: { queueName: DEAD_LETTERS, maxReceiveCount: 2 },
    })
    await createTable(clients.dynamodb, DELIVERIES_TABLE, 'orderId', 'delivery')

    const lambdaApi = await startLambdaApi(front)
    const inside = await startHttpEdge({
      host: front,
      routes: [{ method: 'GET', path: '/quote', functionName: 'price-quote' }],
    })
    const edge = await startHttpEdge({
      host: front,
      routes: [{ method: 'POST', path: '/orders', functionName: 'place-order' }],
    })
    const lambda = await breakableWay(lambdaApi.url)
    const prices = await breakableWay(inside.url)
    for (const server of [lambdaApi, inside, edge, lambda, prices]) closing.push(server.close)

    const env = {
      AWS_ENDPOINT_URL_LAMBDA: lambda.endpoint,
      ORDER_ACCEPTED_TOPIC_ARN: provisioned.topicArn,
      PRICES_URL: prices.endpoint,
      FLAGS_TTL_SECONDS: '0.25',
      DELIVERIES_TABLE,
      WAYBILL_KEYS: `load1:${randomBytes(32).toString('base64')}`,
      WAYBILL_SUBJECT_SECRET: randomBytes(32).toString('base64'),
    }
    const functions: readonly FunctionOptions[] = [
      ...orderFunctions(env).map(
        (fn): FunctionOptions => ({
          ...fn,
          entry: FAULTY,
          timeoutMs: options.timeoutMs,
          memoryMb: MEMORY_MB,
          env: { ...fn.env, LOAD_ENTRY: options.handlers?.[fn.name as FunctionName] ?? fn.entry },
        }),
      ),
      { name: 'import-orders', entry: IMPORT, maxConcurrency: 1, timeoutMs: 60_000, env },
    ]
    const deploy = async (fn: FunctionOptions): Promise<void> => {
      host.deploy(fn)
      await host.warm(fn.name)
    }
    await Promise.all(functions.map(deploy))

    const gate = gateBefore(front)
    let batchesUnderWay = 0
    let largestBatch = { records: 0, bytes: 0 }
    const watched: LambdaHost = {
      ...gate.host,
      invoke: async (name, payload, how) => {
        batchesUnderWay += 1
        const records = String(payload).split('"eventID"').length - 1
        if (name === 'notify-restaurant' && records > largestBatch.records) {
          largestBatch = { records, bytes: Buffer.byteLength(payload) }
        }
        try {
          return await gate.host.invoke(name, payload, how)
        } finally {
          batchesUnderWay -= 1
        }
      },
    }
    // Unlike in production, a batch is repeated until it succeeds, which is Lambda's own default.
    const stream = {
      client: clients.kinesis,
      ...provisioned,
      host: watched,
      bisectBatchOnFunctionError: acceptOrderSource.bisectBatchOnFunctionError,
    }
    const acceptOrder = await mapStream({
      ...stream,
      functionName: 'accept-order',
      batchSize: acceptOrderSource.batchSize,
    })
    const notifyRestaurant = await mapStream({
      ...stream,
      functionName: 'notify-restaurant',
      batchSize: options.restaurantBatch.records,
      eventLimitBytes: options.restaurantBatch.bytes,
    })
    const notifyUser = mapQueue({
      client: clients.sqs,
      ...provisioned,
      host: front,
      functionName: 'notify-user',
      batchSize: notifyUserSource.batchSize,
    })
    closing.push(async () => {
      gate.open()
      await Promise.all([acceptOrder, notifyRestaurant, notifyUser].map((mapping) => mapping.stop()))
    })

    return {
      url: edge.url,
      clients,
      breakables: { ...engines.breakables, lambda, prices },
      faults,
      gate,
      batchesUnderWay: () => batchesUnderWay,
      largestBatch: () => largestBatch,
      // In the order of the chain: each can only be done when those before it are.
      settled: async () => {
        await host.idle()
        await Promise.all([acceptOrder.idle(), notifyRestaurant.idle()])
        await engines.eventBridge.idle()
        await notifyUser.idle()
        await host.idle()
      },
      allowBigBatch: async () => {
        const fn = functions.find(({ name }) => name === 'notify-restaurant')
        await host.stop('notify-restaurant')
        if (fn !== undefined) await deploy({ ...fn, memoryMb: BATCH_MEMORY_MB, timeoutMs: BATCH_TIMEOUT_MS })
      },
      importOrders: async (orders) => {
        const { payload, functionError } = await host.invoke('import-orders', JSON.stringify({ orders }))
        if (functionError !== undefined) throw new Error(`Orders could not be imported: ${payload}`)
        return JSON.parse(payload) as ImportResult
      },
      redrive: async () => {
        const again = discarded.splice(0)
        for (const { functionName, payload } of again) await host.invoke(functionName, payload, { type: 'Event' })
        const messages = await redriveQueue(clients.sqs, DEAD_LETTERS, provisioned.queueUrl)
        return { messages, invocations: again.length }
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
