import type { Input } from '../sdk.ts'
import { snsMessage, sqsRecord } from './messages.ts'
import { at, bodyToken, fromBase64, type Transport, utf8 } from './transport.ts'

const detailOf = (entry: Input): string => String(entry['Detail'])
const busEvent = (entry: Input, id: string): Input => ({
  version: '0',
  id,
  'detail-type': entry['DetailType'],
  source: entry['Source'],
  account: '123456789012',
  time: '2025-10-09T08:53:20Z',
  region: 'eu-west-1',
  resources: [],
  detail: JSON.parse(detailOf(entry)),
})

export const eventbridge: Transport = {
  service: 'EventBridge',
  inbound: 'event',
  slot: 'body',
  most: 10,
  entry: (text) => ({ EventBusName: 'bus', Source: 'orders', DetailType: 'order_placed', Detail: text }),
  command: (entries, target) => ({
    name: 'PutEventsCommand',
    input: { Entries: entries.map((entry) => ({ ...entry, EventBusName: target })) },
  }),
  entriesOf: ({ input }) => input['Entries'] as readonly Input[],
  tokenOf: (entry) => bodyToken(detailOf(entry)),
  deliver: (entry, id) => ({ event: busEvent(entry, id) }),
  textOf: (event) => JSON.stringify(event['detail']),
}

export const busToSqs: Transport = {
  ...eventbridge,
  inbound: 'records',
  deliver: (entry, id) => ({ event: sqsRecord(JSON.stringify(busEvent(entry, id)), {}, id) }),
  textOf: (record) => JSON.stringify(JSON.parse(String(record['body'])).detail),
}

export const busToSnsToSqs: Transport = {
  ...eventbridge,
  inbound: 'records',
  deliver: (entry, id) => {
    const Message = JSON.stringify(busEvent(entry, id))
    return { event: sqsRecord(JSON.stringify(snsMessage({ Message }, id)), {}, id) }
  },
  textOf: (record) => JSON.stringify(JSON.parse(JSON.parse(String(record['body'])).Message).detail),
}

export const invokeAsync: Transport = {
  service: 'Lambda',
  inbound: 'event',
  slot: 'body',
  most: 1,
  entry: (text) => ({ InvocationType: 'Event', Payload: Buffer.from(text) }),
  command: ([entry], target) => ({ name: 'InvokeCommand', input: { FunctionName: target, ...entry } }),
  entriesOf: ({ input }) => [input],
  tokenOf: (entry) => bodyToken(utf8(entry['Payload'])),
  // The client context is dropped.
  deliver: (entry) => ({ event: JSON.parse(utf8(entry['Payload'])), lambdaContext: { awsRequestId: 'r' } }),
  textOf: (event) => JSON.stringify(event),
}

export const invokeSync: Transport = {
  ...invokeAsync,
  slot: 'attribute',
  entry: (text) => ({ Payload: Buffer.from(text) }),
  tokenOf: (entry) => {
    const context = entry['ClientContext']
    const custom = context === undefined ? {} : at(JSON.parse(fromBase64(context)), 'custom')
    return (custom['waybill'] as string | undefined) ?? bodyToken(utf8(entry['Payload']))
  },
  deliver: (entry) => {
    const context = entry['ClientContext']
    const clientContext = context === undefined ? undefined : JSON.parse(fromBase64(context))
    return { event: JSON.parse(utf8(entry['Payload'])), lambdaContext: { awsRequestId: 'r', clientContext } }
  },
}

export const stepFunctions: Transport = {
  ...invokeAsync,
  service: 'SFN',
  entry: (text, id, form) => ({ input: text, ...(form.named ? { name: id } : {}) }),
  command: ([entry], target) => ({ name: 'StartExecutionCommand', input: { stateMachineArn: target, ...entry } }),
  tokenOf: (entry) => bodyToken(String(entry['input'])),
  deliver: (entry) => ({ event: JSON.parse(String(entry['input'])) }),
}
