import { once } from 'node:events'
import { connect } from 'node:net'

/** Sends half a request over HTTP/1.1 and resets the connection. */
export async function leaveMidRequest(endpoint: string): Promise<void> {
  const { hostname: host, port } = new URL(endpoint)
  const socket = connect({ host, port: Number(port) })
  await once(socket, 'connect')
  socket.write('POST / HTTP/1.1\r\nhost: local\r\nexpect: 100-continue\r\ncontent-length: 1000\r\n\r\n{"half":')
  // The engine asks for the body only once it has begun to read the request.
  await once(socket, 'data')
  socket.resetAndDestroy()
  await once(socket, 'close')
}
