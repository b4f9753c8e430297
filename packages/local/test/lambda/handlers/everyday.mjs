import { setTimeout as sleep } from 'node:timers/promises'

let invocations = 0

/** Does what the event asks for. */
export const handler = async (event, context) => {
  invocations++
  switch (event.do) {
    case 'throw':
      throw new TypeError('the kitchen is closed')
    case 'throw-first':
      if (invocations === 1) throw new TypeError('the kitchen is still closed')
      return
    case 'length':
      return event.text.length
    case 'exit':
      return process.exit(3)
    case 'hang':
      await sleep(3_600_000)
      return
    case 'spin':
      while (true) invocations++
    case 'hoard': {
      const kept = []
      while (true) kept.push(new Array(10_000).fill(invocations))
    }
    case 'log':
      for (let i = 0; i < event.lines; i++) process.stdout.write(`line ${i} é\n`)
      return 'logged'
    case 'environment':
      return process.env
    case 'context':
      return {
        clientContext: context.clientContext,
        arn: context.invokedFunctionArn,
        remainingMs: context.getRemainingTimeInMillis(),
        trace: process.env._X_AMZN_TRACE_ID,
      }
    case 'sleep':
      await sleep(event.ms)
      return { pid: process.pid, invocations }
    default:
      return { echo: event, pid: process.pid, invocations }
  }
}
