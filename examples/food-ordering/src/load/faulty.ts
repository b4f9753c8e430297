/** The entry of every function under load: the real handler, and whatever fault the event of an invocation orders. */
import { unlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { FunctionFault, FusedFault } from './faults.ts'

type Handler = (event: unknown, context: unknown) => Promise<unknown>

const { handler: real } = (await import(pathToFileURL(process.env['LOAD_ENTRY'] ?? '').href)) as { handler: Handler }

interface MaybeFaulty {
  readonly loadFault?: FusedFault
}

export const handler: Handler = async (event, context) => {
  const { loadFault, ...clean } = event as MaybeFaulty
  if (loadFault === undefined || !burn(loadFault.fuse)) return real(clean, context)
  // The work begins, so that the fault comes in the middle of it, with some of it done.
  const work = real(clean, context)
  if (loadFault.kind === 'late-error') {
    await work
    throw new Error('failed with all of its work done')
  }
  work.catch(() => undefined)
  await sleep(loadFault.afterMs)
  return strike(loadFault.kind)
}

function burn(fuse: string): boolean {
  try {
    unlinkSync(fuse)
    return true
  } catch {
    return false
  }
}

async function strike(kind: Exclude<FunctionFault['kind'], 'late-error'>): Promise<unknown> {
  switch (kind) {
    case 'time-out':
      return sleep(3_600_000)
    case 'spin':
      for (;;) Math.random()
    case 'exit':
      return process.exit(1)
    case 'uncaught':
      setImmediate(() => {
        throw new Error('thrown where no handler catches it')
      })
      return sleep(3_600_000)
    case 'out-of-memory': {
      const hoard: number[][] = []
      // Large, so that the limit is met before the collector's struggle becomes a time-out.
      for (;;) hoard.push(new Array<number>(1_000_000).fill(0.5))
    }
  }
}
