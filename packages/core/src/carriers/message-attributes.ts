import { ATTRIBUTE, byteLength, EXPOSED_ATTRIBUTE, type Exposed, type Fields, fieldsOf, type Slot } from './carrier.ts'

/*
 * The message attributes of SQS and SNS.
 * - names, types and values count towards a message's size
 *   https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
 *   https://docs.aws.amazon.com/sns/latest/api/API_MessageAttributeValue.html
 * - SQS takes ten. SNS takes more, but discards such a message on its way to a queue with raw delivery
 *   https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
 */
const MAX_ATTRIBUTES = 10

export function attributesSize(attributes: unknown): number {
  let sizeBytes = 0
  for (const [name, value] of Object.entries(fieldsOf(attributes) ?? {})) {
    const attribute = fieldsOf(value)
    sizeBytes += byteLength(name) + byteLength(attribute?.['DataType'])
    sizeBytes += byteLength(attribute?.['StringValue']) + byteLength(attribute?.['BinaryValue'])
  }
  return sizeBytes
}

export function attributesProblem(attributes: unknown): Slot['problem'] | undefined {
  const fields: Fields | undefined = fieldsOf(attributes)
  if (fields === undefined) return undefined
  if (Object.hasOwn(fields, ATTRIBUTE)) return 'already_stamped'
  return Object.keys(fields).length >= MAX_ATTRIBUTES ? 'attributes_full' : undefined
}

/** Bytes that readable flags cost beside the token; `undefined` when they would be more than ten, or one is taken. */
export function exposedAttributesBytes(attributes: unknown, flags: Exposed): number | undefined {
  const fields = fieldsOf(attributes) ?? {}
  if (Object.keys(fields).length + 1 + flags.length > MAX_ATTRIBUTES) return undefined
  if (flags.some(([flag]) => Object.hasOwn(fields, EXPOSED_ATTRIBUTE + flag))) return undefined
  return attributesSize(exposedAttributes(flags))
}

/** A copy of an entry with readable flags among its attributes: one String for each, as filter policies compare them. */
export function withExposed(entry: Fields, flags: Exposed): Fields {
  return { ...entry, MessageAttributes: { ...fieldsOf(entry['MessageAttributes']), ...exposedAttributes(flags) } }
}

function exposedAttributes(flags: Exposed): Fields {
  return Object.fromEntries(
    flags.map(([flag, variation]) => [EXPOSED_ATTRIBUTE + flag, { DataType: 'String', StringValue: variation }]),
  )
}

/** A copy of an entry with our attribute among its own. */
export function withAttribute(entry: Fields, attribute: object): Fields {
  return { ...entry, MessageAttributes: { ...fieldsOf(entry['MessageAttributes']), [ATTRIBUTE]: attribute } }
}
