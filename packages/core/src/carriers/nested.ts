import { isPlainObject, parseJson } from '../json.ts'
import { ATTRIBUTE, EXPOSED_ATTRIBUTE, fieldsOf, textOf } from './carrier.ts'
import { countMembers, FIRST, type Member, membersAt, membersStartingWith, type Step } from './json-scan.ts'
import { applyCuts, BODY_KEY, type Cut, cutsOf, EXPOSED_KEY, stringOf } from './json-splice.ts'

/*
 * What a text that was delivered may be: the user's own JSON, in which the token is a key (a body carrier's, or one put
 * there by hand with `stampEvent`), or a message in the envelope of the service that passed it on:
 * - SNS without raw delivery: `{ "Type": "Notification", "MessageAttributes": { name: { Type, Value } }, ... }`. What SNS
 *   signs is `Message` and the ids, not the attributes
 *   https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html
 *   https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message-verify-message-signature.html
 * - EventBridge: the event itself  https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
 * - a function's asynchronous destination: `{ requestPayload, responsePayload, ... }`; its dead-letter queue: the event
 *   https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
 * `payload.ts` knows the same envelopes where they come parsed.
 */

/** Takes the tokens out of a text, in its envelope or not. The text itself when it holds none. */
export function unloadText(text: string): { readonly tokens: readonly string[]; readonly clean: string } {
  const { tokens, cuts } = find(text)
  return { tokens, clean: applyCuts(text, cuts) }
}

/** An SNS attribute as it is delivered: binary ones in base64. An unreadable one is the empty token. */
export function attributeText(attribute: unknown): string {
  const fields = fieldsOf(attribute)
  const text = textOf(fields?.['Value']) ?? ''
  return fields?.['Type'] === 'Binary' ? Buffer.from(text, 'base64').toString('latin1') : text
}

/** Envelopes within envelopes: the event that failed, in a result, in an event. Deeper, nobody's text is searched. */
export const MAX_ENVELOPES = 4

interface Finding {
  readonly tokens: readonly string[]
  readonly cuts: readonly Cut[]
}
const NOTHING: Finding = { tokens: [], cuts: [] }

/** One look covers all names. A text without is not scanned: most are the user's own, and some are large. */
function find(text: string): Finding {
  return text.includes(ATTRIBUTE) ? findAt(text, [], MAX_ENVELOPES) : NOTHING
}

function findAt(text: string, path: readonly Step[], envelopes: number): Finding {
  const own = membersAt(text, ...path, BODY_KEY)
  const exposed = text.includes(EXPOSED_KEY) ? membersAt(text, ...path, EXPOSED_KEY) : []
  if (own.length + exposed.length > 0) {
    return { tokens: own.map((member) => stringOf(text, member)), cuts: cutsOf(text, inOrder(own, exposed)) }
  }
  if (envelopes === 0) return NOTHING
  const inside = (...steps: readonly Step[]): Finding => findAt(text, [...path, ...steps], envelopes - 1)
  const has = (name: string): boolean => membersAt(text, ...path, name).length > 0
  if (isNotification(text, path)) return inNotification(text, path)
  if (has('detail-type')) return inside('detail')
  if (has('requestPayload') && has('requestContext'))
    return inResult(inside('responsePayload'), inside('requestPayload'))
  // The event of an SNS notification, in a dead-letter queue or a result.
  const notification: readonly Step[] = [...path, 'Records', FIRST, 'Sns']
  return isNotification(text, notification) ? inNotification(text, notification) : NOTHING
}

function inOrder(...members: readonly (readonly Member[])[]): readonly Member[] {
  return members.flat().sort((a, b) => a.keyStart - b.keyStart)
}

/** What a function says of its decisions itself comes before what it was asked with: it may be where they were made. */
function inResult(response: Finding, request: Finding): Finding {
  return {
    tokens: response.tokens.length > 0 ? response.tokens : request.tokens,
    cuts: [...response.cuts, ...request.cuts].sort(([a], [b]) => a - b),
  }
}

function isNotification(text: string, path: readonly Step[]): boolean {
  const type = membersAt(text, ...path, 'Type').at(-1)
  return (
    type !== undefined && stringOf(text, type) === 'Notification' && membersAt(text, ...path, 'TopicArn').length > 0
  )
}

function inNotification(text: string, path: readonly Step[]): Finding {
  const attributes = membersAt(text, ...path, 'MessageAttributes', ATTRIBUTE)
  const tokens = attributes.map(({ valueStart, valueEnd }) => {
    const attribute = parseJson(text.slice(valueStart, valueEnd))
    return isPlainObject(attribute) ? attributeText(attribute) : ''
  })
  const inner = inMessage(text, path)
  const exposed = membersStartingWith(text, ...path, 'MessageAttributes', EXPOSED_ATTRIBUTE)
  const cuts = [...attributeCuts(text, path, inOrder(attributes, exposed)), ...inner.cuts].sort(([a], [b]) => a - b)
  return { tokens: [...new Set([...tokens, ...inner.tokens])], cuts }
}

/** Into a queue SNS writes no `MessageAttributes` where there is none: ours alone takes the member with it. */
function attributeCuts(text: string, path: readonly Step[], attributes: readonly Member[]): readonly Cut[] {
  const holders = membersAt(text, ...path, 'MessageAttributes')
  const holder = holders.at(-1)
  if (holder === undefined || attributes.length === 0) return []
  const isQueued = path.at(-1) !== 'Sns'
  const alone = isQueued && holders.length === 1 && countMembers(text, holder.valueStart) === attributes.length
  return cutsOf(text, alone ? holders : attributes)
}

/** `Message` is a text in a JSON string: its cuts are moved to where they stand in that string. */
function inMessage(text: string, path: readonly Step[]): Finding {
  const message = membersAt(text, ...path, 'Message').at(-1)
  if (message === undefined) return NOTHING
  const { tokens, cuts } = find(stringOf(text, message))
  if (cuts.length === 0) return NOTHING
  const edges = placesOf(text, message.valueStart + 1, cuts.flat())
  return { tokens, cuts: cuts.map((_, index) => [edges[2 * index] ?? 0, edges[2 * index + 1] ?? 0] as const) }
}

/** Where the characters of a JSON string stand in its literal, which starts at `start`; `indices` in order. */
function placesOf(text: string, start: number, indices: readonly number[]): readonly number[] {
  let at = start
  let index = 0
  return indices.map((wanted) => {
    for (; index < wanted; index += 1) at += text[at] !== '\\' ? 1 : text[at + 1] === 'u' ? 6 : 2
    return at
  })
}
