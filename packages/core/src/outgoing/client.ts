import type { Fields, Shipment, Slot } from '../carriers/carrier.ts'
import { WaybillError } from '../errors.ts'
import { processLedger } from '../ledger.ts'
import { ambientScope, type Stamper } from '../scope.ts'
import { boundStamper } from './bind.ts'
import { OUTGOING, openShipment } from './commands.ts'
import { checkExposed, exposedFitting } from './exposed.ts'
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
  /**
   * Flags whose variations filters may read beside the token, the first ones where there is no room for all: on SQS and
   * SNS one String attribute each, `waybill.flag.<flag>`; in bodies and items one field `_waybill_flags`. They are a
   * claim for routing: functions go by the token. A synchronous Invoke shows none, since nothing filters it.
   */
  readonly expose?: readonly string[]
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
  const clients = OUTGOING.map((carrier) => carrier.client)
  if (!clients.includes(service)) {
    throw new WaybillError('bad_option', `stampClient: ${service} carries no token, only ${clients.join(', ')} do`)
  }
  const { to, namedExecutions = false, namedTransactions = false } = options
  if (to !== undefined && !(Array.isArray(to) && to.every((one) => typeof one === 'string' || one instanceof RegExp))) {
    throw new WaybillError('bad_option', 'stampClient: `to` must be a list of names, ARNs or regular expressions')
  }
  const exposed = checkExposed(options.expose)
  const policy = {
    namedExecutions,
    namedTransactions,
    isNamed: (target: unknown) => (to === undefined ? undefined : isNamedTarget(to, target)),
  }
  // Before serialisation: at the `build` step the body and its checksum are made already. A retry comes later and reuses it.
  const middleware =
    (next: (args: { input: Fields }) => unknown, context: { readonly commandName?: string }) =>
    (args: { input: Fields }): unknown =>
      next({
        ...args,
        input: stampedInput(
          args.input,
          () => openShipment(service, context.commandName ?? '', args.input, policy),
          exposed,
        ),
      })
  client.middlewareStack.add(middleware as never, {
    step: 'initialize',
    priority: 'high',
    name: 'waybillStamp',
    override: true,
  })
  return client
}

function stampedInput(input: Fields, open: () => Shipment | undefined, expose: readonly string[]): Fields {
  const ambient = ambientScope()?.stamper()
  try {
    const shipment = open()
    if (shipment === undefined) return input
    const stamperOf = ({ entry }: Slot): Stamper | undefined | null => {
      const bound = boundStamper(entry)
      return bound === undefined ? ambient : bound
    }
    let room = shipment.totalRoomBytes
    const tokens = shipment.slots.map((slot) => {
      const stamper = stamperOf(slot)
      if (!stamper?.carries()) return undefined
      if (slot.problem !== undefined) {
        stamper.count(slot.problem)
        return undefined
      }
      const token = stamper.tokenFor(Math.min(slot.roomBytes, room))
      if (token !== undefined) room -= token.length + shipment.overheadBytes
      return token
    })
    if (tokens.every((token) => token === undefined)) return input
    if (expose.length === 0) return shipment.write(tokens)
    // After all tokens: what filters read never takes a token's place. The first token's overhead was taken off before.
    room += shipment.overheadBytes
    const exposed = shipment.slots.map((slot, index) => {
      const token = tokens[index]
      if (token === undefined) return undefined
      const fitting = exposedFitting(shipment, index, token, expose, Math.min(slot.roomBytes - token.length, room))
      for (let missing = fitting.unexposedCount; missing > 0; missing -= 1) stamperOf(slot)?.count('unexposed')
      room -= fitting.bytes
      return fitting.flags
    })
    return shipment.write(tokens, exposed)
  } catch {
    const ledger = ambient ?? processLedger
    ledger.count('stamp_failed')
    return input
  }
}
