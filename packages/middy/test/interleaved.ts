import middy from '@middy/core'
import { currentWaybill } from '@waybill/core'
import { evaluateFlags } from '../src/evaluate-flags.ts'
import { canaryForAll, flags, keys, lambdaContext, ofUser, pause, type Request } from './fixture.ts'

async function pauses(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await pause()
}

/** Runs 50 invocations of one handler at the same time, and says which of them ever lost its waybill or saw another's. */
export async function mixedInvocations(): Promise<readonly string[]> {
  const mixed = new Set<string>()
  const look = ({ userId }: Request): void => {
    if (currentWaybill()?.subject !== keys.fingerprint(userId) || !flags.get('new-order-flow')) mixed.add(userId)
  }
  const handler = middy(async (event: Request) => {
    look(event)
    await pauses(50 - event.userId.length)
    look(event)
  })
    .use({ before: ({ event }) => pauses(((event as Request).userId.length % 7) * 4) })
    .use(evaluateFlags({ flags, keys, source: canaryForAll, context: ofUser }))
    .use({ before: () => pause(), after: ({ event }) => look(event as Request) })
  const userIds = Array.from({ length: 50 }, (_, index) => 'u'.repeat(index + 1))
  await Promise.all(userIds.map((userId) => handler({ userId }, lambdaContext)))
  return [...mixed]
}
