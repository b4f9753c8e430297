import type { Fields, InboundCarrier, OutgoingCarrier } from '../carriers/carrier.ts'

/** One thing that a carrier must do. `run` rejects with an `AssertionError` when it does not. */
export interface ContractCase {
  readonly name: string
  readonly run: () => Promise<void>
}

/** What Lambda hands to a handler. */
export interface Delivery {
  readonly event: unknown
  readonly lambdaContext?: unknown
}

/** How a carrier's messages come in. */
export interface InboundHarness {
  readonly carrier: InboundCarrier
  /** An event in the shape that AWS documents, with these tokens in one message of it: none, one or two. */
  deliver(tokens: readonly string[]): Delivery
  /** How many tokens one message can hold: 1 where the slot is a key of an object that AWS has parsed already. */
  readonly maxTokens: 1 | 2
  /** The same event with something in the slot that is no text. */
  damaged?(): Delivery
}

/** What a message holds for its receiver: bytes where the SDK takes bytes, else text. */
export type Payload = string | Uint8Array

/** How a carrier's messages go out, and how AWS delivers them. */
export interface OutgoingHarness {
  readonly carrier: OutgoingCarrier
  /** The AWS SDK command. */
  readonly command: string
  /** The carrier by which the message arrives. */
  readonly receiver: InboundCarrier
  /**
   * `attribute`: beside the payload, stamped on every target unless others are named. `body`: in the payload, only on
   * named ones. `item`: beside the payload, only on named ones.
   */
  readonly place: 'attribute' | 'body' | 'item'
  readonly payloadKind: 'text' | 'bytes'
  /** What `request` sends to, as the target policy is asked for it. */
  readonly target: string
  /** How many messages a request can hold: 1 for a command that sends one. */
  readonly maxEntries: number
  /** A request of this command, one message for each payload. */
  request(payloads: readonly Payload[]): Fields
  payloadAt(request: Fields, index: number): Payload
  /** The bytes of one message as AWS counts them, and how many it takes at most, in one message and in all. */
  sizeOf(request: Fields, index: number): number
  readonly maxBytes: number
  readonly maxRequestBytes?: number
  /** What AWS delivers: one event for each message. A pure function. */
  deliver(request: Fields): readonly Delivery[]
  /** The payload in a delivered event: text or bytes, or what AWS has parsed it to. */
  received(event: unknown): Payload | { readonly parsed: unknown }
  /** AWS delivers only payloads that are JSON. */
  readonly onlyJson: boolean
  /** The request with so many attributes on each message, for a carrier whose slot is one of ten. */
  withAttributes?(request: Fields, count: number): Fields
}

export interface CarrierHarness {
  readonly inbound?: InboundHarness
  readonly outgoing?: OutgoingHarness
}
