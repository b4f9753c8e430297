import type { Fields, TargetPolicy } from '../carriers/carrier.ts'
import { CLIENTS, openShipment } from '../carriers/list.ts'
import { WaybillError } from '../errors.ts'
import { processLedger } from '../ledger.ts'
import { ambientScope } from '../scope.ts'
import { boundStamper } from './bind.ts'
import { isNamedTarget, type Target } from './targets.ts'

/** Any AWS SDK v3 client, by shape. */
export interface SdkClient {
  readonly middlewareStack: {
    add(middleware: never, options: { step: 'initialize'; priority: 'high'; name: string; override: boolean }): void
  }
  readonly config: { readonly serviceId?: string }
}

export interface StampOptions {
  /**
   * The targets to stamp: names, ARNs, queue URLs or expressions. Without it, attributes and headers are stamped on all
   * targets and bodies (Kinesis, Firehose, EventBridge, DynamoDB, asynchronous Invoke, Step
   * Functions) on none.
   */
  readonly to?: readonly Target[]
  /** Stamp named Step Functions executions too: the same name with another input is then refused by AWS. */
  readonly namedExecutions?: boolean
  /** Stamp DynamoDB transactions with a ClientRequestToken too: the same one with another item is then refused by AWS. */
  readonly namedTransactions?: boolean
}

/**
 * Makes a client stamp what it sends with the waybill of the scope that sends it. Returns the same client. The caller's
 * input is never changed, a token that the caller put there stays, and what cannot be stamped goes as it was, counted.
 * To be called before the client's first send. Throws `bad_option` for a client of a service that carries nothing.
 *
 * @example
 * ```ts
 * const kinesis = stampClient(new KinesisClient({}), { to: ['order-events'] })
 * const sqs = stampClient(new SQSClient({}))
 * ```
 */
export function stampClient<C extends SdkClient>(client: C, options: StampOptions = {}): C {
  const service = client?.config?.serviceId
  if (typeof client?.middlewareStack?.add !== 'function' || service === undefined) {
    throw new WaybillError('bad_option', 'stampClient: the client must be an AWS SDK v3 client')
  }
  if (!CLIENTS.includes(service)) {
    throw new WaybillError('bad_option', `stampClient: ${service} carries no token, only ${CLIENTS.join(', ')} do`)
  }
  const { to, namedExecutions = false, namedTransactions = false } = options
  if (to !== undefined && !(Array.isArray(to) && to.every((one) => typeof one === 'string' || one instanceof RegExp))) {
    throw new WaybillError('bad_option', 'stampClient: `to` must be a list of names, ARNs or regular expressions')
  }
  const policy = {
    namedExecutions,
    namedTransactions,
    isNamed: (target: unknown) => (to === undefined ? undefined : isNamedTarget(to, target)),
  }
  // Before serialisation: at the `build` step the body and its checksum are made already. A retry comes later and reuses it.
  const middleware =
    (next: (args: { input: Fields }) => unknown, context: { readonly commandName?: string }) =>
    (args: { input: Fields }): unknown =>
      next({ ...args, input: stampedInput(service, context.commandName ?? '', args.input, policy) })
  client.middlewareStack.add(middleware as never, {
    step: 'initialize',
    priority: 'high',
    name: 'waybillStamp',
    override: true,
  })
  return client
}

function stampedInput(service: string, commandName: string, input: Fields, policy: TargetPolicy): Fields {
  const ambient = ambientScope()?.stamper()
  try {
    const shipment = openShipment(service, commandName, input, policy)
    if (shipment === undefined) return input
    let room = shipment.totalRoomBytes
    let stampedCount = 0
    const tokens = shipment.slots.map(({ entry, roomBytes, problem }) => {
      const bound = boundStamper(entry)
      const stamper = bound === undefined ? ambient : bound
      if (!stamper?.carries()) return undefined
      if (problem !== undefined) {
        stamper.count(problem)
        return undefined
      }
      const token = stamper.tokenFor(Math.min(roomBytes, room))
      if (token !== undefined) {
        room -= token.length + shipment.overheadBytes
        stampedCount += 1
      }
      return token
    })
    return stampedCount === 0 ? input : shipment.write(tokens)
  } catch {
    const ledger = ambient ?? processLedger
    ledger.count('stamp_failed')
    return input
  }
}
