import type { InboundCarrier } from './carrier.ts'
import { isResult, unloadPayload } from './payload.ts'

/*
 * The destination of a function's asynchronous invocations, another function: what it was asked with and what it
 * answered, each of which may hold a token. To SQS and SNS the same comes as text, to EventBridge as `detail`.
 *   https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
 * The token of the answer is believed before that of the request: an edge function's answer may be stamped
 * (`stampEvent`), and a request from outside is not to be trusted. A failure has only the request's.
 *
 * What a stream's or queue's event source sends to its on-failure destination tells of a batch, and holds no record.
 *   https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
 */
export const lambdaDestinationInbound: InboundCarrier = {
  name: 'lambda-destination',
  single: { recognises: isResult, unload: (event) => unloadPayload(event) },
}
