import { byteLength, type Fields, fieldsOf } from './carrier.ts'

/*
 * DynamoDB items, as its client takes them (`{ id: { S: 'o-1' } }`) and as the document client does (`{ id: 'o-1' }`).
 *   https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
 *   https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
 */

const TYPES = new Set(['S', 'N', 'B', 'SS', 'NS', 'BS', 'M', 'L', 'NULL', 'BOOL'])

/** Whether all attributes are `{ S: … }` and the like. A plain item never is: its key is a text, a number or bytes. */
export function isMarshalled(item: Fields): boolean {
  return Object.values(item).every((value) => typeOf(value) !== undefined)
}

function typeOf(value: unknown): string | undefined {
  const fields = fieldsOf(value)
  const [type, ...more] = fields === undefined || Array.isArray(fields) ? [] : Object.keys(fields)
  return type !== undefined && more.length === 0 && TYPES.has(type) ? type : undefined
}

/** Bytes of an item, measured so deep as DynamoDB nests: 32 levels. */
export function itemSize(item: Fields | undefined): number {
  const marshalled = item === undefined || isMarshalled(item)
  return Object.entries(item ?? {}).reduce(
    (sum, [name, value]) => sum + byteLength(name) + valueSize(value, marshalled, 0),
    0,
  )
}

/** A number takes up to 21 bytes; which of them it takes is not worth a parser. */
const NUMBER_BYTES = 21
const CONTAINER_BYTES = 3
const MAX_LEVELS = 33
/** DynamoDB refuses such an item, and a stack has an end. */
const TOO_DEEP_BYTES = 409_600

function valueSize(value: unknown, marshalled: boolean, level: number): number {
  if (level > MAX_LEVELS) return TOO_DEEP_BYTES
  const type = marshalled ? typeOf(value) : undefined
  const plain = type === undefined ? value : fieldsOf(value)?.[type]
  const list: readonly unknown[] = Array.isArray(plain) ? plain : []
  if (type === 'N') return NUMBER_BYTES
  if (type === 'NS') return NUMBER_BYTES * list.length
  if (typeof plain === 'string' || plain instanceof Uint8Array) return byteLength(plain)
  if (typeof plain === 'number' || typeof plain === 'bigint') return NUMBER_BYTES
  const fields = fieldsOf(plain)
  if (fields === undefined) return 1
  const nested = (members: readonly unknown[]): number =>
    members.reduce<number>((sum, member) => sum + valueSize(member, marshalled, level + 1), 0)
  if (type === 'SS' || type === 'BS') return nested(list)
  if (plain instanceof Set) return nested([...plain])
  if (Array.isArray(plain)) return CONTAINER_BYTES + plain.length + nested(plain)
  const names = Object.keys(fields)
  const namesSize = names.reduce((sum, name) => sum + byteLength(name), 0)
  return CONTAINER_BYTES + names.length + namesSize + nested(Object.values(fields))
}
