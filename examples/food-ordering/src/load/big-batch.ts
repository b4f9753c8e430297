import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { pick, type Random } from '../demo/random.ts'
import type { Way } from './check.ts'
import type { LoadStack } from './stack.ts'

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html */
const MAX_PUT = 500

/**
 * Imports that many orders while the stream is held up, and lets go: the next read has all of them. A first order is read
 * before, and makes both consumers wait at the gate. The chain must be drained.
 */
export async function importBigBatch(
  stack: LoadStack,
  records: number,
  userIds: readonly string[],
  random: Random,
): Promise<readonly Way[]> {
  const orders = (count: number) =>
    Array.from({ length: count }, () => ({ orderId: randomUUID(), userId: pick(random, userIds) }))
  await stack.allowBigBatch()
  stack.gate.close()
  try {
    const imported: Way[] = [...(await stack.importOrders(orders(1)))]
    while (stack.batchesUnderWay() < 2) await sleep(10)
    for (let left = records; left > 0; left -= MAX_PUT) {
      imported.push(...(await stack.importOrders(orders(Math.min(left, MAX_PUT)))))
    }
    return imported
  } finally {
    stack.gate.open()
  }
}
