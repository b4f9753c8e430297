import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { dynamoDbAffectedUsers, dynamoDbFlagStore } from '@waybill/dynamodb'
import { rolloutController } from '@waybill/rollout'

/*
 * One tick, in a process of its own that kills itself at a request: `AT`, before it is sent or after its answer came.
 * https://man7.org/linux/man-pages/man7/signal.7.html: SIGKILL cannot be caught, nothing is flushed, no `finally` runs.
 */
const { AT = '', WHEN = '', NOW_MS = '', PREFIX = '' } = process.env
const client = new DynamoDBClient({ maxAttempts: 1 })
let requests = 0
client.middlewareStack.add(
  (next) => async (args) => {
    const isLast = requests === Number(AT)
    requests += 1
    if (isLast && WHEN === 'before') process.kill(process.pid, 'SIGKILL')
    const answer = await next(args)
    if (isLast) process.kill(process.pid, 'SIGKILL')
    return answer
  },
  { step: 'finalizeRequest', name: 'dying', priority: 'low' },
)
const controller = rolloutController({
  store: dynamoDbFlagStore({ client, tableName: 'flags', prefix: PREFIX }),
  affectedUsers: dynamoDbAffectedUsers({ client, tableName: 'affected-users', prefix: PREFIX }),
  minutes: async ({ untilMs }) => [{ minuteMs: untilMs - 60_000, started: 50, finished: 50, errors: 0 }],
  nowMs: () => Number(NOW_MS),
})
await controller.tick()
