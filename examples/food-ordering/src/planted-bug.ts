import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { recordAttempt } from './order-rows.ts'
import { resources } from './resources.ts'

/** What is wrong with a function's canary: in this share of attempts (0 to 1) it fails, dawdles, or uses up its memory. */
export interface PlantedBug {
  readonly kind: 'error' | 'slowness' | 'out-of-memory'
  readonly share: number
  /** Whom it hits: any attempt (the default), or every attempt of that share of users. */
  readonly hits?: 'attempts' | 'users'
}

/** By function. */
export type PlantedBugs = Readonly<Partial<Record<string, PlantedBug>>>

/**
 * A bug for whoever wants to see what one looks like. Handlers call it on the canary's way only; it does as the file says
 * that `PLANTED_BUGS` names, which may change at any time, and nothing where there is none. Writes down each strike as an
 * attempt, before it comes.
 */
export async function plantedBug(orderId: string, userId: string): Promise<void> {
  const functionName = process.env['AWS_LAMBDA_FUNCTION_NAME'] ?? ''
  const bug = readBugs()?.[functionName]
  if (bug === undefined || !strikes(bug, userId)) return
  await recordAttempt(orderId, `${functionName} ${bug.kind}`, userId)
  if (bug.kind === 'error') throw new Error(`Order ${orderId} met a planted bug`)
  // Most are slow, a few are very slow.
  if (bug.kind === 'slowness') await sleep(200 + 600 * Math.random() ** 4)
  else useUpMemory()
}

function strikes({ share, hits }: PlantedBug, userId: string): boolean {
  if (hits !== 'users') return Math.random() < share
  // By the user alone: always the same ones, whoever asks.
  const digest = createHash('sha256').update(`bug ${userId}`).digest()
  return digest.readUInt32BE() < share * 2 ** 32
}

function readBugs(): PlantedBugs | undefined {
  if (resources.plantedBugs === undefined) return undefined
  try {
    return JSON.parse(readFileSync(resources.plantedBugs, 'utf8')) as PlantedBugs
  } catch {
    return undefined
  }
}

function useUpMemory(): never {
  const hoard: number[][] = []
  // Large, so that the limit is met before the collector's struggle becomes a time-out.
  for (;;) hoard.push(new Array<number>(1_000_000).fill(0.5))
}
