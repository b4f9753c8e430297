import type { Fields } from '../../src/carriers/carrier.ts'
import { eventNames, eventOf } from '../fixtures/events.ts'
import type { Random } from './random.ts'

/** An event, and the Lambda context that comes with it. */
export interface Arrived {
  readonly event: unknown
  readonly lambdaContext: unknown
}

type Change = (event: Fields, token: string, random: Random) => Fields

const at = (fields: unknown, key: string): Fields => (fields as Record<string, Fields>)[key] ?? {}
const header = (random: Random): string => random.pick(['x-waybill', 'X-Waybill', 'X-WAYBILL', 'x-wayBill'])

/** Each record stamped, in the event's own key for them. */
function records(event: Fields, stamp: (record: Fields) => Fields): Fields {
  const key = 'records' in event ? 'records' : 'Records'
  return { ...event, [key]: (event[key] as readonly Fields[]).map(stamp) }
}

const inJson = (text: string, token: string): string =>
  text.replace(/\}(\s*)$/, `${text.startsWith('{}') ? '' : ','}"_waybill":"${token}"}$1`)
const inBase64 = (data: unknown, token: string): string =>
  Buffer.from(inJson(Buffer.from(String(data), 'base64').toString(), token)).toString('base64')
const base64 = (token: string): string => Buffer.from(token).toString('base64')

const http: Change = (event, token, random) => {
  const name = header(random)
  const single = { ...event, headers: { ...at(event, 'headers'), [name]: token } }
  if (!('multiValueHeaders' in event)) return single
  const multi = { ...at(event, 'multiValueHeaders'), [name]: [token] }
  return 'headers' in event ? { ...single, multiValueHeaders: multi } : { ...event, multiValueHeaders: multi }
}

const inBody = (change: (body: string, token: string) => string): Change => {
  return (event, token) => records(event, (record) => ({ ...record, body: change(String(record['body']), token) }))
}

/** Where each fixture's token belongs; written here once more, so that the carriers do not judge themselves. */
const STAMPS: Readonly<Record<string, Change>> = {
  'rest-api-v1': http,
  'http-api-v2': http,
  'function-url': http,
  alb: http,
  'alb-multi-value': http,
  sqs: (event, token) =>
    records(event, (record) => ({
      ...record,
      messageAttributes: { waybill: { stringValue: token, dataType: 'String' } },
    })),
  'sns-sqs-raw': (event, token) =>
    records(event, (record) => ({
      ...record,
      messageAttributes: { waybill: { binaryValue: base64(token), dataType: 'Binary' } },
    })),
  'sns-sqs-enveloped': inBody((body, token) => {
    const attributes = { waybill: { Type: 'Binary', Value: base64(token) } }
    return JSON.stringify({ ...JSON.parse(body), MessageAttributes: attributes })
  }),
  'eventbridge-sqs': inBody((body, token) => {
    const event = JSON.parse(body)
    return JSON.stringify({ ...event, detail: { ...event.detail, _waybill: token } })
  }),
  sns: (event, token) =>
    records(event, (record) => {
      const attributes = { waybill: { Type: 'Binary', Value: base64(token) } }
      return { ...record, Sns: { ...at(record, 'Sns'), MessageAttributes: attributes } }
    }),
  kinesis: (event, token) =>
    records(event, (record) => {
      const kinesis = at(record, 'kinesis')
      return { ...record, kinesis: { ...kinesis, data: inBase64(kinesis['data'], token) } }
    }),
  firehose: (event, token) => records(event, (record) => ({ ...record, data: inBase64(record['data'], token) })),
  eventbridge: (event, token) => ({ ...event, detail: { ...at(event, 'detail'), _waybill: token } }),
  'dynamodb-stream': (event, token) =>
    records(event, (record) => {
      const change = at(record, 'dynamodb')
      if (!('NewImage' in change)) return record
      return { ...record, dynamodb: { ...change, NewImage: { ...at(change, 'NewImage'), _waybill: { S: token } } } }
    }),
  'step-functions-task': (event, token) => ({ ...event, _waybill: token }),
}

/** Two tokens in one request or record: whose decisions they are cannot be told, so none may be believed. */
export function twiceStampedEvent(one: string, other: string, random: Random): Arrived {
  const both = `{"a":1,"_waybill":"${one}","_waybill":"${other}"}`
  const fixture = (name: string): Fields => FIXTURES.get(name) ?? {}
  const stamped = (name: string, token: string): Fields => STAMPS[name]?.(fixture(name), token, random) ?? {}
  const event = ((): Fields => {
    switch (random.below(6)) {
      case 0:
        return { ...fixture('http-api-v2'), headers: { 'x-waybill': `${one}${random.pick([',', ', '])}${other}` } }
      case 1:
        return { ...fixture('function-url'), headers: { 'X-Waybill': one, 'x-waybill': other } }
      case 2:
        return { ...fixture('alb-multi-value'), multiValueHeaders: { 'x-waybill': [one, other] } }
      case 3:
        return records(stamped('sqs', one), (record) => ({ ...record, body: `{"_waybill":"${other}"}` }))
      case 4:
        return records(fixture('sqs'), (record) => ({ ...record, body: both }))
      default:
        return records(fixture('kinesis'), (record) => ({
          ...record,
          kinesis: { ...at(record, 'kinesis'), data: base64(both) },
        }))
    }
  })()
  return { event, lambdaContext: undefined }
}

/** Any event of any carrier, with the token where it belongs. */
export function stampedEvent(token: string, random: Random): Arrived {
  const name = random.pick(NAMES)
  if (name === 'lambda-client-context') {
    const { event, context } = eventOf(name)
    const clientContext = at(context, 'clientContext')
    const custom = { [random.pick(['custom', 'Custom'])]: { waybill: token } }
    return { event, lambdaContext: { ...(context as Fields), clientContext: { ...clientContext, ...custom } } }
  }
  const event = STAMPS[name]?.(FIXTURES.get(name) ?? {}, token, random)
  return { event, lambdaContext: undefined }
}

const NAMES: readonly string[] = [...Object.keys(STAMPS), 'lambda-client-context']
const FIXTURES: ReadonlyMap<string, Fields> = new Map(eventNames.map((name) => [name, eventOf(name)]))
