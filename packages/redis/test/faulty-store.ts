import type { FaultyStore } from '@waybill/flags/testing'
import { type Redis, startCutter } from '@waybill/local'
import type { RedisClient } from '../src/client.ts'
import { redisFlagStore } from '../src/flag-store.ts'
import { applyScript, fillScript, markFilledScript } from '../src/scripts.ts'
import { connected, newPrefix } from './engine.ts'

/** Before the arguments of a script: EVALSHA, its name, the number of keys, eight keys. */
const HEAD = 11

/** How many items a script writes: what a store with one request for each would need requests for. */
function itemsIn([name, sha1, ...rest]: readonly string[]): number {
  if (name !== 'EVALSHA') return 0
  const args = rest.slice(HEAD - 2)
  if (sha1 === applyScript.sha1) return (args.length - 1) / 7
  return sha1 === fillScript.sha1 ? (args.length - 3) / 2 : 1
}

/**
 * An engine that takes scripts as a whole breaks at one in two ways: it does not get all of it, or its answer is lost. So a
 * script that would take more writes than are left is broken off on its way, and one that takes the last is not answered.
 */
export async function faultyStore(server: Redis): Promise<FaultyStore> {
  const cutter = await startCutter(server.endpoint)
  const [own, cut] = [await connected(server.endpoint), await connected(cutter.endpoint)]
  for (const { text } of [applyScript, fillScript, markFilledScript]) await own.sendCommand(['SCRIPT', 'LOAD', text])
  const prefix = newPrefix()
  let writesLeft = Number.POSITIVE_INFINITY
  let how: 'dies' | 'hangs' = 'dies'
  let isThrottled = false
  let asked = 0
  let back: Promise<unknown> | undefined
  let withheld = { key: '', reads: 0 }
  let isHanging = false
  const breakNow = (): void => {
    isHanging = how === 'hangs'
    ;(isHanging ? cutter.hang : cutter.cut)()
  }

  const client: RedisClient = {
    sendCommand: async (command, options) => {
      await back
      const items = itemsIn(command)
      if (items > 0) {
        asked += 1
        if (isThrottled && asked % 2 === 1) throw new Error('LOADING Redis is loading the dataset in memory')
        if (items > writesLeft) breakNow()
        else if (items === writesLeft) {
          await own.sendCommand(command)
          breakNow()
        }
        writesLeft = Math.max(0, writesLeft - items)
      }
      const reply: unknown = await cut.sendCommand(command, options)
      if (command[0] !== 'HGETALL' || withheld.reads === 0 || command[1] !== `${prefix}:features`) return reply
      withheld = { ...withheld, reads: withheld.reads - 1 }
      return new Map([...(reply as Map<string, string>)].filter(([key]) => key !== withheld.key))
    },
  }

  return {
    store: redisFlagStore({ client, prefix, requestTimeoutMs: 1_500, random: () => 0 }),
    healthy: redisFlagStore({ client: own, prefix }),
    breakAfter: (writes, kind) => {
      writesLeft = writes
      how = kind
    },
    heal: () => {
      writesLeft = Number.POSITIVE_INFINITY
      // What it was connected to is reset: the next request is not to find that out.
      if (isHanging) back = new Promise((resolve) => void cut.once('ready', resolve))
      isHanging = false
      cutter.heal()
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
