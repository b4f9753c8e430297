import type { WriteRequest } from '@aws-sdk/client-dynamodb'
import type { FaultyStore } from '@waybill/flags/testing'
import { type DynamoDb, startCutter } from '@waybill/local'
import { dynamoDbFlagStore } from '../src/flag-store.ts'
import { clientAt, intercept, newTable } from './engine.ts'

const WRITES = ['BatchWriteItemCommand', 'UpdateItemCommand', 'DeleteItemCommand']

/** The faults of networks are a proxy's; throttling and replicas that lag, which no local engine has, are a middleware's. */
export async function faultyStore(server: DynamoDb): Promise<FaultyStore> {
  const cutter = await startCutter(server.endpoint)
  const [own, cut] = [clientAt(server.endpoint), clientAt(cutter.endpoint, { maxAttempts: 1 })]
  const tableName = await newTable(own)
  let writesLeft = Number.POSITIVE_INFINITY
  let how: 'dies' | 'hangs' = 'dies'
  let isThrottled = false
  let throttled = 0
  let withheld = { key: '', reads: 0 }

  intercept(cut, async ({ name, input }, go) => {
    if (WRITES.includes(name)) {
      writesLeft -= 1
      if (writesLeft < 0) (how === 'dies' ? cutter.cut : cutter.hang)()
      if (isThrottled && name === 'BatchWriteItemCommand') return partly(input, go)
      if (isThrottled) throttled += 1
      if (throttled % 2 === 1) {
        throw Object.assign(new Error('injected'), { name: 'ProvisionedThroughputExceededException' })
      }
    }
    const answer = await go()
    const items = answer.output['Items'] as { key: { S: string } }[] | undefined
    if (items === undefined || withheld.reads === 0 || !items.some(({ key }) => key.S === withheld.key)) return answer
    withheld = { ...withheld, reads: withheld.reads - 1 }
    return { ...answer, output: { ...answer.output, Items: items.filter(({ key }) => key.S !== withheld.key) } }
  })

  async function partly(
    input: Record<string, unknown>,
    go: (input: Record<string, unknown>) => Promise<{ output: Record<string, unknown> }>,
  ): Promise<{ output: Record<string, unknown> }> {
    const requests = (input['RequestItems'] as Record<string, WriteRequest[]>)[tableName] ?? []
    const answer = await go({ RequestItems: { [tableName]: requests.slice(0, 10) } })
    const left = requests.slice(10)
    return { ...answer, output: left.length === 0 ? {} : { UnprocessedItems: { [tableName]: left } } }
  }

  return {
    store: dynamoDbFlagStore({ client: cut, tableName, requestTimeoutMs: 2_500, random: () => 0 }),
    healthy: dynamoDbFlagStore({ client: own, tableName }),
    breakAfter: (writes, kind) => {
      writesLeft = writes
      how = kind
    },
    heal: () => {
      writesLeft = Number.POSITIVE_INFINITY
      cutter.heal()
      // What the pool holds was reset: the next request is not to find that out.
      cut.config.requestHandler.destroy?.()
    },
    throttle: () => {
      isThrottled = true
    },
    withhold: (key, reads) => {
      withheld = { key, reads }
    },
    close: async () => {
      own.destroy()
      cut.destroy()
      await cutter.close()
    },
  }
}
