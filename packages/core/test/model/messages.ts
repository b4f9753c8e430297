import type { CountCode } from '../../src/ledger.ts'
import type { Random } from '../fuzz/random.ts'
import type { LinkPlan } from './plan.ts'
import type { Form, Transport } from './transports/transport.ts'

/** What a message's text is like. `stamped`: by `stampEvent`, in the scope that made it. */
export type Body = 'object' | 'line' | 'list' | 'objects' | 'text' | 'stamped'

export interface Message {
  readonly body: Body
  readonly form: Form
}

const PLAIN: Form = { attributes: 0, structured: false, named: false }

/** Transports whose text must be JSON, since AWS parses it. */
const PARSED = new Set(['EventBridge', 'Lambda', 'SFN'])

export function plainMessage(): Message {
  return { body: 'object', form: PLAIN }
}

/** A message that is odd in some way that its transport allows. */
export function oddMessage(transport: Transport, random: Random): Message {
  const { service } = transport
  const bodies: Body[] = service === 'DynamoDB' ? ['object', 'text'] : ['stamped']
  if (PARSED.has(service)) bodies.push(...(service === 'EventBridge' ? (['object'] as const) : (['list'] as const)))
  else bodies.push('line', 'list', 'objects', 'text')
  const form: Form = {
    attributes: service === 'SQS' || service === 'SNS' ? random.pick([0, 1, 9, 10]) : 0,
    structured: service === 'SNS' && random.chance(0.3),
    named: service === 'SFN' && random.chance(0.3),
  }
  return { body: random.pick(bodies), form }
}

/** The text of a message; `stamp` is `stampEvent`. Its number is too large for JavaScript: who rewrites it is seen. */
export function textOf(body: Body, id: number, note: string, stamp: (event: object) => object): string {
  const event = { order: { note, lines: [1, 2.5, null] }, parcel: `parcel-${id}` }
  const json = `{"big":12345678901234567890, "order":{"note":${JSON.stringify(note)}},"parcel":"parcel-${id}"}`
  switch (body) {
    case 'object':
      return json
    case 'line':
      return `${json}\n`
    case 'list':
      return JSON.stringify([event])
    case 'objects':
      return `${json}\n${json}`
    case 'text':
      return `parcel-${id} is no JSON: ${note}`
    case 'stamped':
      return JSON.stringify(stamp(event))
  }
}

export function idIn(text: string): number | undefined {
  const found = /parcel-(\d+)/.exec(text)?.[1]
  return found === undefined ? undefined : Number(found)
}

/** Why this message cannot take a token, by the documentation of each carrier; `undefined`: it can. */
export function problemOf(transport: Transport, link: LinkPlan, { body, form }: Message, stamped: boolean) {
  const reasons: (CountCode | false)[] =
    transport.slot === 'attribute'
      ? [
          link.to === 'other' && 'not_targeted',
          form.structured && 'uncarried',
          stamped && 'already_stamped',
          form.attributes >= 10 && 'attributes_full',
        ]
      : [
          link.to !== 'named' && 'not_targeted',
          form.named && 'named_execution',
          transport.service !== 'DynamoDB' && (body === 'list' || body === 'objects' || body === 'text') && 'uncarried',
          stamped && 'already_stamped',
        ]
  return reasons.find((reason): reason is CountCode => reason !== false)
}

/** What the receiver must see: the text as it was made, without our stamp. */
export function sameText(seen: string, sent: string): boolean {
  const clean = sent.replace(/,"_waybill":"[^"]*"/, '')
  if (seen === clean) return true
  // Delivered as parsed JSON.
  try {
    return seen === JSON.stringify(JSON.parse(clean))
  } catch {
    return false
  }
}
