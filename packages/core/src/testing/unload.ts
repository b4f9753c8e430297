import { strict as assert } from 'node:assert'
import { fieldsOf, type InboundCarrier } from '../carriers/carrier.ts'
import type { Delivery } from './harness.ts'

/** Reads a delivery with one carrier and no other: the tokens of all its messages, and the event without them. */
export function unload(
  { single, batch, context }: InboundCarrier,
  { event, lambdaContext }: Delivery,
): { readonly tokens: readonly string[]; readonly clean: unknown } {
  const beside = context?.(lambdaContext) ?? []
  const fields = fieldsOf(event)
  const records = batch === undefined ? undefined : fields?.[batch.recordsKey]
  if (fields !== undefined && batch !== undefined && Array.isArray(records)) {
    const read = records.map((record: unknown) => {
      const one = fieldsOf(record)
      return one !== undefined && batch.recognises(one) ? batch.unload(one) : { tokens: [], clean: record }
    })
    const tokens = read.flatMap((one) => one.tokens)
    return { tokens: [...beside, ...tokens], clean: { ...fields, [batch.recordsKey]: read.map(({ clean }) => clean) } }
  }
  if (fields === undefined || !single?.recognises(fields)) return { tokens: beside, clean: event }
  const { tokens, clean } = single.unload(fields)
  return { tokens: [...new Set([...beside, ...tokens])], clean }
}

/** Freezes all of a value that can be frozen: bytes cannot. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  for (const member of Object.values(value)) deepFreeze(member)
  return Object.freeze(value)
}

/** Deep copies compare as what they hold; a Buffer and a Uint8Array of the same bytes are the same. */
export function assertSame(actual: unknown, expected: unknown, message: string): void {
  assert.deepEqual(plain(actual), plain(expected), message)
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return `bytes:${Buffer.from(value).toString('hex')}`
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .map(([key, member]) => [key, plain(member)])
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
}
