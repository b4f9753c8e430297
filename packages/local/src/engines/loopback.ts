import type { IncomingMessage, Server } from 'node:http'
import type { AddressInfo, Server as TcpServer } from 'node:net'

const HOST = '127.0.0.1'

/** The one account and region that every local engine agrees on, so that ARNs can be built by hand. */
export const LOCAL_ACCOUNT = '000000000000'
export const LOCAL_REGION = 'us-east-1'

/** Binds a server to a free port of the loopback interface and answers its URL. */
export async function listenOnLoopback(server: TcpServer): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: HOST, port: 0 }, () => {
      server.removeListener('error', reject)
      resolve()
    })
  })
  return `http://${HOST}:${(server.address() as AddressInfo).port}`
}

/** Closes a listening server with its idle and busy connections: an SDK's keep-alive agent would hold `close` open. */
export async function closeHttpServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeAllConnections()
  await closed
}

/** For engines that throw, out of every handler's reach, when a client goes away in the middle of a request. */
export function outliveAborts(request: IncomingMessage): void {
  request.removeAllListeners('error')
  request.on('error', () => {})
}
