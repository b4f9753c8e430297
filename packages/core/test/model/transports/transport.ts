import type { Command, Input } from '../sdk.ts'

/** What the sender says of one message, beside its text. */
export interface Form {
  /** Attributes of the message's own, on SQS and SNS. */
  readonly attributes: number
  /** `MessageStructure: json` on SNS. */
  readonly structured: boolean
  /** A name for the execution, on Step Functions. */
  readonly named: boolean
}

/**
 * One way from function to function, as AWS does it: written from AWS's documentation and not from the carriers under
 * test, so that the two cannot be wrong together.
 */
export interface Transport {
  /** The `serviceId` of the SDK client; none for HTTP. */
  readonly service: string
  /** Whether a function gets many in one event, or each alone. */
  readonly inbound: 'records' | 'event'
  readonly recordsKey?: 'records'
  /** Where the token goes: beside the text, or in it and thus only to named targets. */
  readonly slot: 'attribute' | 'body'
  /** The most entries in one command; 1: there is no batch. */
  readonly most: number
  entry(text: string, id: string, form: Form): Input
  command(entries: readonly Input[], target: string): Command
  entriesOf(command: Command): readonly Input[]
  /** The token of a sent entry, found without Waybill. */
  tokenOf(entry: Input): string | undefined
  /** What a function gets of it: an event, or a record of one. */
  deliver(entry: Input, id: string): { readonly event: Input; readonly lambdaContext?: unknown }
  /** The text that the function sees. */
  textOf(recordOrEvent: Input): string
}

export const at = (value: unknown, key: string): Input => ((value as Input)[key] ?? {}) as Input
export const utf8 = (bytes: unknown): string => Buffer.from(bytes as Uint8Array).toString()
export const fromBase64 = (text: unknown): string => Buffer.from(String(text), 'base64').toString()
export const toBase64 = (bytes: unknown): string => Buffer.from(bytes as string).toString('base64')

/** The token in a JSON text, wherever it stands. */
export function bodyToken(text: string): string | undefined {
  return /"_waybill":"([^"]*)"/.exec(text)?.[1]
}

/** One entry goes alone, several in a batch. What an entry is bound to goes with it: symbols survive a spread. */
export function batchOr(
  entries: readonly Input[],
  name: string,
  target: Input,
  key: string,
  batch = `${name}Batch`,
): Command {
  const [first] = entries
  if (entries.length > 1 || first === undefined)
    return { name: `${batch}Command`, input: { ...target, [key]: entries } }
  return { name: `${name}Command`, input: { ...target, ...first } }
}

export function entriesIn({ input }: Command, key: string): readonly Input[] {
  return key in input ? (input[key] as readonly Input[]) : [input]
}
