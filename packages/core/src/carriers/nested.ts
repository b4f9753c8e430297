import { isPlainObject, parseJson } from '../json.ts'
import { ATTRIBUTE, fieldsOf, textOf } from './carrier.ts'
import { countMembers, type Member, membersAt } from './json-scan.ts'
import { applyCuts, BODY_KEY, type Cut, cutsOf, stringOf } from './json-splice.ts'

/*
 * What a text that was delivered may be: the user's own JSON, in which the token is a key (a body carrier's, or one put
 * there by hand with `stampEvent`), or a message in the envelope of the service that passed it on:
 * - SNS without raw delivery: `{ "Type": "Notification", "MessageAttributes": { name: { Type, Value } }, ... }`. What SNS
 *   signs is `Message` and the ids, not the attributes
 *   https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html
 *   https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message-verify-message-signature.html
 * - EventBridge: the event itself  https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
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

interface Finding {
  readonly tokens: readonly string[]
  readonly cuts: readonly Cut[]
}
const NOTHING: Finding = { tokens: [], cuts: [] }

/** Envelopes may be within envelopes, to no great depth: each doubles the backslashes of the one inside. */
function find(text: string): Finding {
  // One look covers both names. A text without is not scanned: most are the user's own, and some are large.
  if (!text.includes(ATTRIBUTE)) return NOTHING
  const own = membersAt(text, BODY_KEY)
  if (own.length > 0) return keys(text, own)
  if (isNotification(text)) return inNotification(text)
  return membersAt(text, 'detail-type').length > 0 ? keys(text, membersAt(text, 'detail', BODY_KEY)) : NOTHING
}

function keys(text: string, members: readonly Member[]): Finding {
  return { tokens: members.map((member) => stringOf(text, member)), cuts: cutsOf(text, members) }
}

function isNotification(text: string): boolean {
  const type = membersAt(text, 'Type').at(-1)
  return type !== undefined && stringOf(text, type) === 'Notification' && membersAt(text, 'TopicArn').length > 0
}

function inNotification(text: string): Finding {
  const attributes = membersAt(text, 'MessageAttributes', ATTRIBUTE)
  const tokens = attributes.map(({ valueStart, valueEnd }) => {
    const attribute = parseJson(text.slice(valueStart, valueEnd))
    return isPlainObject(attribute) ? attributeText(attribute) : ''
  })
  const inner = inMessage(text)
  const cuts = [...attributeCuts(text, attributes), ...inner.cuts].sort(([a], [b]) => a - b)
  return { tokens: [...new Set([...tokens, ...inner.tokens])], cuts }
}

/** SNS writes no `MessageAttributes` where there is none: ours alone takes the whole member with it. */
function attributeCuts(text: string, attributes: readonly Member[]): readonly Cut[] {
  const holders = membersAt(text, 'MessageAttributes')
  const holder = holders.at(-1)
  if (holder === undefined || attributes.length === 0) return []
  const alone = holders.length === 1 && countMembers(text, holder.valueStart) === attributes.length
  return cutsOf(text, alone ? holders : attributes)
}

/** `Message` is a text in a JSON string: its cuts are moved to where they stand in that string. */
function inMessage(text: string): Finding {
  const message = membersAt(text, 'Message').at(-1)
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
