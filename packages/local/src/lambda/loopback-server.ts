import { createServer, type RequestListener, type ServerOptions } from 'node:http'

export interface LoopbackServer {
  readonly url: string
  readonly port: number
  readonly close: () => Promise<void>
}

/** An HTTP server on 127.0.0.1 and a port that the system picks. `close` drops open connections. */
export async function serveOnLoopback(listener: RequestListener, options: ServerOptions = {}): Promise<LoopbackServer> {
  // No idle timeout: a pooled client connection that closes just as it is reused surfaces as ECONNRESET.
  const server = createServer({ keepAliveTimeout: 0, noDelay: true, ...options }, listener)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: '127.0.0.1', port: 0 }, resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Reads a request's body, or nothing when it is longer than `limitBytes`. */
export async function readBody(
  request: AsyncIterable<Buffer>,
  limitBytes: number = Number.POSITIVE_INFINITY,
): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.length
    // Keeps reading what it refuses, so that the client gets an answer instead of a reset connection.
    if (length <= limitBytes) chunks.push(chunk)
  }
  return length <= limitBytes ? Buffer.concat(chunks, length) : undefined
}
