import { parseJson } from '../json.ts'
import { ATTRIBUTE, fieldsOf, textOf } from './carrier.ts'
import { BODY_KEY, spliceOut } from './json-splice.ts'

/*
 * A message inside a message: what SNS and EventBridge put into an SQS body.
 * - SNS without raw delivery: `{ "Type": "Notification", "MessageAttributes": { name: { Type, Value } }, ... }`
 *   https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html
 * - EventBridge: the event itself  https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
 */
export function unloadEnvelope(body: string): { tokens: readonly string[]; clean: string } | undefined {
  // A body without either name is not parsed: most bodies are the user's own, and some are large.
  if (!body.includes(`"${ATTRIBUTE}"`) && !body.includes(`"${BODY_KEY}"`)) return undefined
  const envelope = fieldsOf(parseJson(body))
  if (envelope === undefined) return undefined
  if (envelope['Type'] === 'Notification') {
    // The envelope is SNS's own text, with a signature over it: read, not cut.
    const attribute = fieldsOf(fieldsOf(envelope['MessageAttributes'])?.[ATTRIBUTE])
    const token = attributeText(attribute?.['Type'], attribute?.['Value'])
    return { tokens: token === undefined ? [] : [token], clean: body }
  }
  if ('detail-type' in envelope && 'detail' in envelope) return spliceOut(body, ['detail'])
  // The user's own JSON, in which somebody put a token by hand (`stampEvent`).
  return BODY_KEY in envelope ? spliceOut(body) : undefined
}

/** An SNS attribute as it is delivered: binary ones in base64. */
export function attributeText(type: unknown, value: unknown): string | undefined {
  const text = textOf(value)
  return type === 'Binary' && text !== undefined ? Buffer.from(text, 'base64').toString('latin1') : text
}
