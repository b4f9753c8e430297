import { buildFauxqs, type FauxqsReply, type FauxqsRequest } from './fauxqs.ts'
import { LOCAL_ACCOUNT, LOCAL_REGION } from './loopback.ts'
import {
  type BatchEntry,
  type FailedEntry,
  isPublishBatchTooLong,
  partBatch,
  refuseAttributes,
} from './message-limits.ts'

export interface StartSqsSnsOptions {
  /** Keeps queues, topics and messages in this directory; without it they live in memory. */
  readonly dataDir?: string
}

export interface SqsSns {
  /** Serves both SQS and SNS. */
  readonly endpoint: string
  close(): Promise<void>
}

/**
 * Starts an SQS and SNS engine on loopback, with AWS's attribute limits and with queue URLs that a default client can
 * follow: they name the host and port that the client called, so a client behind a proxy stays behind it.
 *
 * @example
 * const messaging = await startSqsSns()
 * new SQSClient({ endpoint: messaging.endpoint })
 */
export async function startSqsSns(options: StartSqsSnsOptions = {}): Promise<SqsSns> {
  const app = await buildFauxqs(LOCAL_REGION, options.dataDir)
  const failedByRequest = new WeakMap<FauxqsRequest, FailedEntry[]>()

  app.addHook('preHandler', async (request, reply) => {
    const target = request.headers['x-amz-target']
    if (target === 'AmazonSQS.SendMessage') {
      const { MessageAttributes } = request.body as BatchEntry
      const refusal = refuseAttributes(MessageAttributes)
      if (refusal !== undefined) return refuseSend(reply, refusal)
    } else if (target === 'AmazonSQS.SendMessageBatch') {
      const body = request.body as { readonly Entries?: readonly BatchEntry[] }
      const { accepted, failed } = partBatch(body.Entries ?? [])
      if (failed.length === 0) return
      if (accepted.length === 0) return sqsReply(reply.code(200), { Failed: failed })
      request.body = { ...body, Entries: accepted }
      failedByRequest.set(request, failed)
    } else if (isPublishBatch(request.body) && isPublishBatchTooLong(request.body)) {
      return refusePublishBatch(reply)
    }
    return undefined
  })

  app.addHook('onSend', async (request, reply, payload) => {
    const queryError = String(reply.getHeader(QUERY_ERROR) ?? '')
    if (COMMON_ERROR.test(queryError)) reply.header(QUERY_ERROR, queryError.replace('AWS.SimpleQueueService.', ''))
    if (typeof payload !== 'string') return payload
    const failed = failedByRequest.get(request)
    if (failed !== undefined) {
      const result = JSON.parse(payload) as { readonly Failed?: readonly FailedEntry[] }
      return JSON.stringify({ ...result, Failed: [...(result.Failed ?? []), ...failed] })
    }
    return ANSWERS_QUEUE_URLS.test(String(request.headers['x-amz-target']))
      ? payload.replace(QUEUE_URL_HOST, `http://${request.headers['host']}/${LOCAL_ACCOUNT}/`)
      : payload
  })

  return { endpoint: await app.listen({ host: '127.0.0.1', port: 0 }), close: () => app.close() }
}

// A client takes its error's name from this header, where the engine prefixes the common errors as well.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
const QUERY_ERROR = 'x-amzn-query-error'
const COMMON_ERROR = /^AWS\.SimpleQueueService\.(InvalidParameterValue|MissingParameter|InvalidMessageContents);/

// Only these: a received message's body may hold a queue URL of its own.
const ANSWERS_QUEUE_URLS = /^AmazonSQS\.(CreateQueue|GetQueueUrl|ListQueues)$/
const QUEUE_URL_HOST = new RegExp(`http://[^/"]+/${LOCAL_ACCOUNT}/`, 'g')

function isPublishBatch(body: unknown): body is Readonly<Record<string, string>> {
  return (body as { Action?: unknown } | null | undefined)?.Action === 'PublishBatch'
}

function sqsReply(reply: FauxqsReply, body: object): FauxqsReply {
  return reply.header('content-type', 'application/x-amz-json-1.0').send(JSON.stringify(body))
}

function refuseSend(reply: FauxqsReply, message: string): FauxqsReply {
  reply.code(400).header(QUERY_ERROR, 'InvalidParameterValue;Sender')
  return sqsReply(reply, { __type: 'com.amazonaws.sqs#InvalidParameterValue', message })
}

function refusePublishBatch(reply: FauxqsReply): FauxqsReply {
  const message = 'The length of all the batch messages put together is more than the limit.'
  const error = `<Error><Type>Sender</Type><Code>BatchRequestTooLong</Code><Message>${message}</Message></Error>`
  reply.code(400).header('content-type', 'text/xml')
  return reply.send(`<ErrorResponse>${error}<RequestId>local</RequestId></ErrorResponse>`)
}
