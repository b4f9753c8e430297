import type { IncomingMessage, ServerResponse } from 'node:http'
import { LambdaHostError, type LambdaHostErrorCode } from './errors.ts'
import type { InvokeOptions, LambdaHost } from './host.ts'
import { readBody, serveOnLoopback } from './loopback-server.ts'
import { functionNameOf } from './port.ts'

export interface LambdaApi {
  /** For `AWS_ENDPOINT_URL_LAMBDA`. */
  readonly url: string
  readonly close: () => Promise<void>
}

interface ServiceError {
  readonly status: number
  readonly type: string
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors */
const serviceErrors: Readonly<Partial<Record<LambdaHostErrorCode, ServiceError>>> = {
  unknown_function: { status: 404, type: 'ResourceNotFoundException' },
  payload_too_large: { status: 413, type: 'RequestTooLargeException' },
  invalid_payload: { status: 400, type: 'InvalidRequestContentException' },
  invalid_client_context: { status: 400, type: 'InvalidRequestContentException' },
}

/** `X-Amz-Log-Result` holds the last 4 KB. */
const logTailBytes = 4096

/**
 * The Invoke operation of the Lambda service over HTTP, for the SDK's own client. Any other operation is answered
 * `UnknownOperationException`, with its method and path.
 */
export async function startLambdaApi(host: LambdaHost): Promise<LambdaApi> {
  const server = await serveOnLoopback((request, response) => {
    void answer(host, request, response).catch((error: unknown) => refuse(response, error))
  })
  return { url: server.url, close: server.close }
}

async function answer(host: LambdaHost, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '').split('?')[0] ?? ''
  const [, encodedName] = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(path) ?? []
  const body = (await readBody(request)) ?? Buffer.alloc(0)
  if (request.method !== 'POST' || encodedName === undefined) {
    sendError(response, { status: 404, type: 'UnknownOperationException' }, `Not emulated: ${request.method} ${path}`)
    return
  }
  const name = functionNameOf(decodeURIComponent(encodedName))
  const type = header(request, 'x-amz-invocation-type') ?? 'RequestResponse'
  if (type === 'DryRun') {
    response.writeHead(204).end()
    return
  }
  if (type !== 'RequestResponse' && type !== 'Event') {
    sendError(response, { status: 400, type: 'InvalidParameterValueException' }, `Unknown invocation type ${type}`)
    return
  }

  const result = await host.invoke(name, body, { type, ...carried(request) })
  response.setHeader('x-amzn-requestid', crypto.randomUUID())
  if (result.statusCode === 200) response.setHeader('x-amz-executed-version', '$LATEST')
  if (result.functionError !== undefined) response.setHeader('x-amz-function-error', result.functionError)
  if (header(request, 'x-amz-log-type') === 'Tail' && result.statusCode === 200) {
    const log = Buffer.from(result.logLines.map((line) => `${line}\n`).join(''))
    response.setHeader('x-amz-log-result', log.subarray(-logTailBytes).toString('base64'))
  }
  response.writeHead(result.statusCode, { 'content-type': 'application/json' }).end(Buffer.from(result.payload))
}

function carried(request: IncomingMessage): Pick<InvokeOptions, 'clientContext' | 'traceHeader'> {
  const clientContext = header(request, 'x-amz-client-context')
  const traceHeader = header(request, 'x-amzn-trace-id')
  return {
    ...(clientContext === undefined ? {} : { clientContext }),
    ...(traceHeader === undefined ? {} : { traceHeader }),
  }
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' ? value : undefined
}

function refuse(response: ServerResponse, error: unknown): void {
  const known = error instanceof LambdaHostError ? serviceErrors[error.code] : undefined
  const message = error instanceof Error ? error.message : String(error)
  sendError(response, known ?? { status: 500, type: 'ServiceException' }, message)
}

function sendError(response: ServerResponse, { status, type }: ServiceError, message: string): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'x-amzn-errortype': type })
    .end(JSON.stringify({ Type: status < 500 ? 'User' : 'Service', Message: message }))
}
