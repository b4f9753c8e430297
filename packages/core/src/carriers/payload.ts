import {
  ATTRIBUTE,
  type Fields,
  fieldsOf,
  textOf,
  together,
  type Unloaded,
  without,
  withoutAttributes,
} from './carrier.ts'
import { BODY_KEY, EXPOSED_KEY } from './json-splice.ts'
import { attributeText, MAX_ENVELOPES, unloadText } from './nested.ts'

/*
 * Payloads that come parsed: the same envelopes as `nested.ts` finds in texts.
 */

/** Takes the tokens out of a payload that is an event, a result or the user's own. */
export function unloadPayload(payload: Fields, envelopes: number = MAX_ENVELOPES): Unloaded {
  if (isStampedPayload(payload)) {
    const tokens = Object.hasOwn(payload, BODY_KEY) ? [textOf(payload[BODY_KEY]) ?? ''] : []
    return { tokens, clean: without(without(payload, BODY_KEY), EXPOSED_KEY) }
  }
  if (envelopes === 0) return { tokens: [], clean: payload }
  if (Object.hasOwn(payload, 'detail-type')) return inside(payload, 'detail', envelopes)
  if (isResult(payload)) {
    const response = inside(payload, 'responsePayload', envelopes)
    const request = inside(response.clean, 'requestPayload', envelopes)
    // What a function says of its decisions itself comes before what it was asked with.
    return { tokens: response.tokens.length > 0 ? response.tokens : request.tokens, clean: request.clean }
  }
  return inRecords(payload)
}

/** Whether something of ours is a key of it. */
export function isStampedPayload(payload: Fields): boolean {
  return !Array.isArray(payload) && (Object.hasOwn(payload, BODY_KEY) || Object.hasOwn(payload, EXPOSED_KEY))
}

/** The result of a function's asynchronous invocation, as a destination gets it. */
export function isResult(payload: Fields): boolean {
  return Object.hasOwn(payload, 'requestPayload') && fieldsOf(payload['requestContext']) !== undefined
}

/** An SNS message as an event holds it. */
export function unloadMessage(message: Fields): Unloaded {
  const attributes = fieldsOf(message['MessageAttributes'])
  const text = textOf(message['Message']) ?? ''
  const inner = unloadText(text)
  const stripped = inner.clean === text ? message : { ...message, Message: inner.clean }
  const others = attributes && withoutAttributes(attributes)
  if (attributes === undefined || others === attributes) return { tokens: inner.tokens, clean: stripped }
  const clean = { ...stripped, MessageAttributes: others }
  if (!Object.hasOwn(attributes, ATTRIBUTE)) return { tokens: inner.tokens, clean }
  return { tokens: together([attributeText(attributes[ATTRIBUTE])], inner.tokens), clean }
}

function inside(payload: Fields, key: string, envelopes: number): Unloaded {
  const inner = fieldsOf(payload[key])
  if (inner === undefined) return { tokens: [], clean: payload }
  const { tokens, clean } = unloadPayload(inner, envelopes - 1)
  return { tokens, clean: clean === inner ? payload : { ...payload, [key]: clean } }
}

/** The event of an SNS notification, which has one record. */
function inRecords(payload: Fields): Unloaded {
  const records: unknown = payload['Records']
  const [record, ...more] = Array.isArray(records) ? records.map(fieldsOf) : []
  const message = fieldsOf(record?.['Sns'])
  if (message === undefined || more.length > 0) return { tokens: [], clean: payload }
  const { tokens, clean } = unloadMessage(message)
  return { tokens, clean: clean === message ? payload : { ...payload, Records: [{ ...record, Sns: clean }] } }
}
