import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http'
import { createServer as createHttp2Server, type Http2Server, type Http2ServerResponse } from 'node:http2'
import { createRequire } from 'node:module'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { type PutRecordInput, type PutRecordsInput, refuseRecord, refuseRecords } from './kinesis-limits.ts'
import { listenOnLoopback, outliveAborts } from './loopback.ts'

export interface StartKinesisOptions {
  /** Keeps the streams in this directory; without it they live in memory. */
  readonly path?: string
}

export interface Kinesis {
  readonly endpoint: string
  close(): Promise<void>
}

type Kinesalite = (options: {
  path?: string
  shardLimit: number
  createStreamMs: number
  deleteStreamMs: number
  updateStreamMs: number
}) => Server

/**
 * Starts a Kinesis engine on loopback. It has no enhanced fan-out and no per-shard throughput limit.
 *
 * One port speaks HTTP/1.1 and HTTP/2 without TLS, since a Kinesis client of the SDK speaks HTTP/2 unless told otherwise.
 *
 * @example
 * const kinesis = await startKinesis()
 * new KinesisClient({ endpoint: kinesis.endpoint })
 */
export async function startKinesis(options: StartKinesisOptions = {}): Promise<Kinesis> {
  const kinesalite = loadKinesalite()
  const engine = kinesalite({
    ...(options.path === undefined ? {} : { path: options.path }),
    shardLimit: 100,
    createStreamMs: 0,
    deleteStreamMs: 0,
    updateStreamMs: 0,
  })
  // The engine's own listener answers both protocols in this process: nothing is proxied.
  const [listener] = engine.listeners('request') as RequestListener[]
  if (listener === undefined) throw new Error('kinesalite has no request listener: is it version 3?')
  const answer: RequestListener = (request, response) => {
    listener(request, response)
    outliveAborts(request)
  }

  const http1 = createHttpServer(answer)
  const http2 = createHttp2Server((request, response) => {
    allowOnlyHttp2Headers(response)
    answer(request as never, response as never)
  })
  const sockets = new Set<Socket>()
  const front = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    routeByPreface(socket, http1, http2)
  })
  const endpoint = await listenOnLoopback(front)

  return {
    endpoint,
    async close() {
      const closed = new Promise((resolve) => front.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
      // Closes its store; that its own server never listened is no failure.
      await new Promise((resolve) => engine.close(resolve))
    },
  }
}

interface Validation<Input> {
  custom?: (input: Input) => string | undefined
}

/** The engine limits a record's data alone; its validations have room for a check of the whole input. */
function loadKinesalite(): Kinesalite {
  const require = createRequire(import.meta.url)
  const putRecord: Validation<PutRecordInput> = require('kinesalite/validations/putRecord')
  const putRecords: Validation<PutRecordsInput> = require('kinesalite/validations/putRecords')
  putRecord.custom = refuseRecord
  putRecords.custom = refuseRecords
  return require('kinesalite')
}

/** The engine sets Transfer-Encoding on a request that it finds too long, which HTTP/2 forbids and Node throws for. */
function allowOnlyHttp2Headers(response: Http2ServerResponse): void {
  const setHeader = response.setHeader.bind(response)
  response.setHeader = (name, value) => {
    if (name.toLowerCase() !== 'transfer-encoding') setHeader(name, value)
  }
}

/** https://www.rfc-editor.org/rfc/rfc9113#section-3.4: a client without TLS opens with this line. */
const PREFACE_START = 'PRI * HTTP/2'

function routeByPreface(socket: Socket, http1: Server, http2: Http2Server): void {
  let seen = Buffer.alloc(0)
  socket.on('error', () => socket.destroy())
  const read = () => {
    for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null) {
      seen = Buffer.concat([seen, chunk])
    }
    const start = seen.subarray(0, PREFACE_START.length).toString('latin1')
    if (start.length < PREFACE_START.length && PREFACE_START.startsWith(start)) return
    socket.removeListener('readable', read)
    socket.unshift(seen)
    const target = start === PREFACE_START ? http2 : http1
    target.emit('connection', socket)
  }
  socket.on('readable', read)
}
