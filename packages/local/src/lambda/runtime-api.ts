import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Invocation } from './invocation.ts'
import { type LoopbackServer, readBody, serveOnLoopback } from './loopback-server.ts'

/** Hands one invocation to the waiting runtime. */
export type Deliver = (invocation: Invocation, deadlineMs: number) => void

export interface Answer {
  readonly requestId: string
  readonly payload: string
  readonly failed: boolean
  /** The runtime wrote an end-of-invocation mark to its standard output before it answered. */
  readonly marked: boolean
}

export interface RuntimeApiEvents {
  readonly onNext: (deliver: Deliver) => void
  readonly onAnswer: (answer: Answer) => void
  readonly onInitError: (payload: string) => void
}

const prefix = '/2018-06-01/runtime/'
const errorBodyTrailer = 'lambda-runtime-function-error-body'

/**
 * The Runtime API of one execution environment. Each has its own server, as the environment is known by nothing else:
 * the client speaks to a bare host and port.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
export function serveRuntimeApi(events: RuntimeApiEvents): Promise<LoopbackServer> {
  return serveOnLoopback((request, response) => {
    const path = (request.url ?? '').slice(prefix.length)
    if (path === 'invocation/next') {
      events.onNext((invocation, deadlineMs) => writeInvocation(response, invocation, deadlineMs))
      return
    }
    void readBody(request).then((body) => {
      const payload = body?.toString('utf8') ?? ''
      const [, encodedId, kind] = /^invocation\/([^/]+)\/(response|error)$/.exec(path) ?? []
      if (encodedId !== undefined) {
        events.onAnswer(readAnswer(request, decodeURIComponent(encodedId), payload, kind === 'error'))
      } else if (path === 'init/error') {
        events.onInitError(payload)
      }
      response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}')
    })
  })
}

function readAnswer(request: IncomingMessage, requestId: string, payload: string, failed: boolean): Answer {
  const marked = request.headers['waybill-local-marked'] !== undefined
  // A streaming handler that fails midway says so in the trailers.
  const streamError = request.trailers[errorBodyTrailer]
  return streamError === undefined
    ? { requestId, payload, failed, marked }
    : { requestId, payload: Buffer.from(streamError, 'base64').toString('utf8'), failed: true, marked }
}

function writeInvocation(response: ServerResponse, invocation: Invocation, deadlineMs: number): void {
  const { requestId, functionArn, traceHeader, clientContext, payload } = invocation
  response
    .writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(payload),
      'lambda-runtime-aws-request-id': requestId,
      'lambda-runtime-deadline-ms': String(deadlineMs),
      'lambda-runtime-invoked-function-arn': functionArn,
      'lambda-runtime-trace-id': traceHeader,
      // Header values are latin1 on the wire; the runtime client turns the bytes back into UTF-8.
      ...(clientContext === undefined
        ? {}
        : { 'lambda-runtime-client-context': Buffer.from(clientContext, 'utf8').toString('latin1') }),
    })
    // Bytes, because Node writes the headers in the encoding of a text that follows.
    .end(Buffer.from(payload))
}
