import { processLedger } from '../../src/ledger.ts'
import { seededRandom } from '../fuzz/random.ts'
import { EdgeFunction } from './edge-function.ts'
import { InnerFunction } from './inner-function.ts'
import { Network } from './network.ts'
import { Outbox } from './outbox.ts'
import type { FunctionPlan, Plan } from './plan.ts'
import { type Violation, World } from './world.ts'

export interface ChainReport {
  readonly violations: readonly Violation[]
  readonly trace: readonly string[]
  readonly messages: number
  readonly handled: number
  /** What befell the chain, by code. */
  readonly explained: ReadonlyMap<string, number>
}

const MOST_STEPS = 5_000

/** Runs one chain to its end: until every message is handled, every buffer sent, and every count explained. */
export async function runChain(plan: Plan, tracing = false): Promise<ChainReport> {
  processLedger.drain()
  const world = new World(plan, tracing)
  const network = new Network(world, seededRandom(plan.seed, 3))
  const outboxesOf = new Map<string, readonly Outbox[]>()
  for (const from of plan.functions) {
    const children = plan.functions.filter(({ parent }) => parent === from.name)
    outboxesOf.set(
      from.name,
      children.flatMap((to) => (to.link === undefined ? [] : [new Outbox(world, from, to, to.link, network)])),
    )
  }
  const outboxes = ({ name }: FunctionPlan): readonly Outbox[] => outboxesOf.get(name) ?? []
  const [first, ...others] = plan.functions
  if (first === undefined) throw new Error('a chain has at least one function')
  const edge = new EdgeFunction(world, first, outboxes(first))
  for (const other of others) network.add(new InnerFunction(world, other, outboxes(other)))

  const spawn = (task: () => Promise<void>): void =>
    world.scheduler.spawn(task, (error) => world.blame('crash', String((error as Error).stack)))
  for (const request of plan.requests) spawn(() => edge.serve(request))
  let ended = await world.scheduler.run(MOST_STEPS)
  // What lies in buffers is sent by whoever comes last, outside any scope.
  const all = [...outboxesOf.values()].flat()
  while (ended && all.some(({ waiting }) => waiting > 0)) {
    for (const outbox of all) spawn(() => outbox.flush())
    ended = await world.scheduler.run(MOST_STEPS)
  }
  if (!ended) world.blame('undelivered', `the chain did not come to its end in ${world.scheduler.steps} steps`)
  for (const { id, handled, to, refused } of world.parcels) {
    if (handled === 0 && refused !== true) world.blame('undelivered', `parcel-${id} was never handled by ${to}`)
  }
  world.counted(processLedger.drain())
  world.settle()
  const handled = world.parcels.reduce((sum, parcel) => sum + parcel.handled, 0)
  const { violations, trace, explained } = world
  return { violations, trace, explained, messages: world.parcels.length, handled }
}
