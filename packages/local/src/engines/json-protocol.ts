import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { closeHttpServer, listenOnLoopback } from './loopback.ts'

/** An operation's input or output: the AWS JSON protocols carry one object each way. */
export type JsonObject = { readonly [key: string]: unknown }
export type Operation = (input: JsonObject) => unknown

/** A failure that the client sees as the AWS exception `code`, with status 400. */
export class ServiceError extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.name = 'ServiceError'
    this.code = code
  }
}

export interface JsonServerOptions {
  /** What stands before the dot in `X-Amz-Target`. */
  readonly service: string
  readonly version: '1.0' | '1.1'
  readonly operations: Readonly<Record<string, Operation>>
}

export interface JsonServer {
  readonly endpoint: string
  close(): Promise<void>
}

/**
 * Serves an AWS JSON protocol on loopback.
 * https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
 *
 * An operation that is not in the table answers `UnknownOperationException` with its name, so that a stand-in never
 * passes for the whole service.
 */
export async function startJsonServer(options: JsonServerOptions): Promise<JsonServer> {
  const contentType = `application/x-amz-json-${options.version}`
  const server = createServer((request, response) => {
    void answer(request, options).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': contentType, 'x-amzn-requestid': randomUUID() })
      response.end(JSON.stringify(body))
    })
  })
  const endpoint = await listenOnLoopback(server)
  return { endpoint, close: () => closeHttpServer(server) }
}

interface Answer {
  readonly status: number
  readonly body: unknown
}

async function answer(request: IncomingMessage, { service, operations }: JsonServerOptions): Promise<Answer> {
  try {
    const text = await readBody(request)
    const target = String(request.headers['x-amz-target'] ?? '')
    const name = target.slice(target.lastIndexOf('.') + 1)
    const operation = Object.hasOwn(operations, name) ? operations[name] : undefined
    if (operation === undefined || target !== `${service}.${name}`) {
      const known = Object.keys(operations).join(', ')
      throw new ServiceError(
        'UnknownOperationException',
        `${target || 'no operation'} is not emulated; known: ${known}`,
      )
    }
    return { status: 200, body: (await operation(parseInput(text))) ?? {} }
  } catch (error) {
    return failure(error)
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

function parseInput(text: string): JsonObject {
  let input: unknown
  try {
    input = JSON.parse(text || '{}')
  } catch {
    input = undefined
  }
  if (input === null || typeof input !== 'object' || Array.isArray(input)) {
    throw new ServiceError('SerializationException', 'the request body is not a JSON object')
  }
  return input as JsonObject
}

function failure(error: unknown): Answer {
  if (error instanceof ServiceError) return { status: 400, body: { __type: error.code, message: error.message } }
  return { status: 500, body: { __type: 'InternalException', message: String(error) } }
}
