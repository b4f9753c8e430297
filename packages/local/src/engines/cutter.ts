import { connect, createServer, type Socket } from 'node:net'
import { listenOnLoopback } from './loopback.ts'

export interface Cutter {
  /** Give this to the client instead of the engine's own. */
  readonly endpoint: string
  /** Resets every connection, those under way and those to come. */
  cut(): void
  /** Accepts connections and answers nothing, on those under way as well. */
  hang(): void
  /** Serves new connections again. What was sent while it hung is lost with its connection, never delivered late. */
  heal(): void
  /** From now on new connections lead here: the engine was started again, on another port. */
  lead(endpoint: string): void
  close(): Promise<void>
}

/**
 * Stands between a client and an engine and fails like a network, so that a test need not kill the engine and lose its
 * memory. It passes bytes through, so any protocol over TCP will do.
 *
 * @example
 * const cutter = await startCutter(dynamodb.endpoint)
 * const client = new DynamoDBClient({ endpoint: cutter.endpoint })
 * cutter.hang()
 */
export async function startCutter(endpoint: string): Promise<Cutter> {
  let { hostname: host, port } = new URL(endpoint)
  let state: 'whole' | 'cut' | 'hanging' = 'whole'
  const sockets = new Set<Socket>()

  function track(socket: Socket): void {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
  }

  const server = createServer((client) => {
    track(client)
    // Bytes that nobody reads keep a client waiting, whatever it speaks.
    if (state === 'hanging') return client.pause()
    // The port stays ours while cut: a refused connection would free it for another process.
    if (state === 'cut') return client.resetAndDestroy()
    const engine = connect({ host, port: Number(port), noDelay: true })
    track(engine)
    client.setNoDelay(true)
    client.pipe(engine).pipe(client)
    client.on('close', () => engine.destroy())
    engine.on('close', () => client.destroy())
    return client
  })

  function resetAll(): void {
    for (const socket of sockets) socket.resetAndDestroy()
  }

  const own = await listenOnLoopback(server)
  return {
    endpoint: own,
    cut() {
      state = 'cut'
      resetAll()
    },
    hang() {
      state = 'hanging'
      for (const socket of sockets) socket.unpipe().pause()
    },
    heal() {
      if (state === 'hanging') resetAll()
      state = 'whole'
    },
    lead(next) {
      ;({ hostname: host, port } = new URL(next))
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      resetAll()
      await closed
    },
  }
}
