import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate as turn } from 'node:timers/promises'

const store = new AsyncLocalStorage()
const arrived = []
let open = () => {}
const everyoneIsHere = new Promise((resolve) => {
  open = resolve
})

/** Answers only when `event.guests` invocations are inside at the same time. */
export const handler = (event, context) =>
  store.run(event.guest, async () => {
    arrived.push(event.guest)
    if (arrived.length === event.guests) open()
    await everyoneIsHere
    await turn()
    console.log('served', event.guest)
    return {
      guest: store.getStore(),
      requestId: context.awsRequestId,
      pid: process.pid,
      trace: process.env._X_AMZN_TRACE_ID,
    }
  })
