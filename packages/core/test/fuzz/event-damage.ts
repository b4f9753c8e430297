import type { Random } from './random.ts'

const ODD: readonly unknown[] = [
  undefined,
  null,
  0,
  -1,
  Number.NaN,
  true,
  '',
  '{}',
  '[]',
  '{"_waybill":',
  '{"_waybill":{}}\n{"_waybill":1}',
  '{"_waybill":"a","_waybill":"b"}',
  '{"Type":"Notification","TopicArn":"t","Message":"{\\"_waybill\\":1}","MessageAttributes":{"waybill":[]}}',
  '\\"'.repeat(500),
  '[{"a":'.repeat(2000),
  [],
  {},
  [[]],
  [null],
  { waybill: null },
  { waybill: { stringValue: 7, binaryValue: {} } },
  { _waybill: { S: 7 } },
  { __proto__: null, 'x-waybill': [] },
  { toString: 1, hasOwnProperty: 2, constructor: null },
  () => 'a function',
  new Date(Number.NaN),
  Buffer.from([255, 254, 0]),
]
const NAMES = ['x-waybill', '_waybill', 'waybill', 'Records', 'records', 'headers', 'detail', 'body', 'Sns', 'custom']

/** A copy with one place of it changed: removed, replaced, repeated under another name, moved, wrapped, or cut short. */
export function damagedEvent(value: unknown, random: Random): unknown {
  if (typeof value !== 'object' || value === null || random.chance(0.12)) return damaged(value, random)
  if (Array.isArray(value)) {
    if (value.length === 0 || random.chance(0.1)) return [...value, ...value, random.pick(ODD)]
    const index = random.below(value.length)
    return value.map((one, place) => (place === index ? damagedEvent(one, random) : one))
  }
  const fields = value as Readonly<Record<string, unknown>>
  const names = Object.keys(fields)
  if (names.length === 0) return { [random.pick(NAMES)]: random.pick(ODD) }
  const name = interesting(names, random)
  const { [name]: held, ...rest } = fields
  switch (random.below(12)) {
    case 0:
      return rest
    case 1:
      return { ...fields, [random.pick(NAMES)]: held }
    case 2:
      return { ...rest, [name.toUpperCase()]: held, [name]: random.pick(ODD) }
    case 3:
      return { ...fields, [random.pick(NAMES)]: random.pick(ODD) }
    default:
      return { ...fields, [name]: damagedEvent(held, random) }
  }
}

/** Mostly on the way to where tokens are. */
function interesting(names: readonly string[], random: Random): string {
  const near = names.filter((name) => NEAR.test(name))
  return random.pick(near.length > 0 && random.chance(0.8) ? near : names)
}

const NEAR =
  /waybill|records|headers|attributes|body|sns|message|kinesis|data|detail|dynamodb|image|custom|context|value/i

function damaged(value: unknown, random: Random): unknown {
  if (typeof value !== 'string' || random.chance(0.3)) {
    return random.chance(0.2) ? [value, value] : random.chance(0.2) ? { waybill: value } : random.pick(ODD)
  }
  const place = random.below(value.length + 1)
  switch (random.below(7)) {
    case 0:
      return value.slice(0, place)
    case 1:
      return value.slice(place)
    case 2:
      return `${value},${value}`
    case 3:
      return `${value.slice(0, place)}${random.pick(['"', '\\', '}', '{', '\0', 'é', '\ud800', '='])}${value.slice(place)}`
    case 4:
      return Buffer.from(value).toString(random.chance(0.5) ? 'base64' : 'hex')
    case 5:
      return Buffer.from(value, 'base64').toString('latin1')
    default:
      return `${value}${value.slice(place)}`
  }
}
