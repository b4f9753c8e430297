import type { Random } from '../fuzz/random.ts'
import { type Declarations, edgeDeclarations, innerDeclarations } from './flag-plan.ts'
import { transports } from './transports/list.ts'

/** How a sender sends on one link. */
export interface LinkPlan {
  readonly transport: string
  /** The `to` of the client: our target, another one, or none at all. */
  readonly to: 'named' | 'other' | 'absent'
  /** `buffered`: entries are bound when they are queued, and sent when the buffer is full, by whoever fills it. */
  readonly style: 'single' | 'batch' | 'buffered'
  /** How many messages one handler sends here. */
  readonly messages: number
  readonly bufferSize: number
  /** The most records of one event. */
  readonly batchSize: number
}

export interface FunctionPlan {
  readonly name: string
  /** The name of the function that sends to this one; none: the edge. */
  readonly parent: string | undefined
  /** How it is reached; for the edge, always HTTP. */
  readonly link: LinkPlan | undefined
  readonly declares: Declarations
  readonly records: 'parallel' | 'sequential' | 'processor' | 'alone'
  readonly followsRecalls: boolean
  readonly checksSubject: boolean
  readonly observes: boolean
  /** Does it read all that it declares? */
  readonly reads: 'all' | 'some' | 'none'
  readonly keys: 'source' | 'none'
  readonly budgetBytes: number | undefined
  readonly undecided: 'default' | 'throw'
  readonly onRefused: 'default' | 'throw'
  /** It has a source to make anew what is too old. */
  readonly evaluates: boolean
  /** An edge to other sources, which honours what its own chain sends it. */
  readonly edgeToo: boolean
  /** An aggregator: it sends one message for all records of a batch. */
  readonly merges: boolean
  /** The edge: repeated requests get the decisions of their first attempt. */
  readonly pins: boolean
  /** The edge: flags that testers may decide. */
  readonly overridable: readonly string[]
}

export interface RequestPlan {
  readonly id: number
  readonly subject: string | undefined
  /** How often the client tries: each is evaluated anew. */
  readonly attempts: number
  readonly source: 'now' | 'later' | 'stale' | 'unavailable' | 'throws' | 'rejects'
  readonly inbound: 'nothing' | 'forged' | 'replayed' | 'override' | 'stolen-override'
}

/** Everything that the dice decide before a run. Shrinking takes pieces of it away. */
export interface Plan {
  readonly seed: number
  readonly functions: readonly FunctionPlan[]
  readonly requests: readonly RequestPlan[]
  /** Chances, per message or step. */
  readonly faults: Faults
}

export interface Faults {
  readonly failing: number
  readonly duplicated: number
  readonly tampered: number
  readonly oddBodies: number
  readonly flips: number
  readonly recalls: number
  readonly rotations: number
}

const NO_FAULTS: Faults = { failing: 0, duplicated: 0, tampered: 0, oddBodies: 0, flips: 0, recalls: 0, rotations: 0 }

export function planned(seed: number, random: Random): Plan {
  const count = 2 + random.below(7)
  const functions: FunctionPlan[] = []
  for (let index = 0; index < count; index += 1) {
    // Mostly a line, so that chains are long; sometimes a fan.
    const parent = index === 0 ? undefined : random.chance(0.7) ? index - 1 : random.below(index)
    functions.push(functionPlan(index, parent, random))
  }
  const requests = Array.from({ length: 1 + random.below(4) }, (_, id) => requestPlan(id, random))
  const often = (most: number): number => (random.chance(0.6) ? random.next() * most : 0)
  const faults: Faults = {
    failing: often(0.3),
    duplicated: often(0.2),
    tampered: often(0.1),
    oddBodies: often(0.3),
    flips: often(0.3),
    recalls: often(0.05),
    rotations: often(0.05),
  }
  return { seed, functions, requests, faults: random.chance(0.1) ? NO_FAULTS : faults }
}

function functionPlan(index: number, parent: number | undefined, random: Random): FunctionPlan {
  const edge = parent === undefined
  const evaluates = random.chance(0.3)
  return {
    name: `fn${index}`,
    parent: edge ? undefined : `fn${parent}`,
    link: edge ? undefined : linkPlan(random),
    declares: edge ? edgeDeclarations(random) : innerDeclarations(random, evaluates),
    records: random.pick(['parallel', 'parallel', 'sequential', 'processor', 'alone']),
    followsRecalls: random.chance(0.6),
    checksSubject: random.chance(0.4),
    observes: random.chance(0.5),
    reads: random.pick(['all', 'all', 'all', 'some', 'none']),
    keys: random.chance(0.97) ? 'source' : 'none',
    budgetBytes: random.chance(0.75) ? undefined : random.pick([80, 150, 300, 600, 4000]),
    undecided: random.chance(0.06) ? 'throw' : 'default',
    onRefused: random.chance(0.08) ? 'throw' : 'default',
    evaluates,
    edgeToo: random.chance(0.2),
    merges: random.chance(0.15),
    pins: edge && random.chance(0.4),
    overridable: edge && random.chance(0.5) ? ['tracer', 'new-order-flow', 'extra.1'] : [],
  }
}

function linkPlan(random: Random): LinkPlan {
  const transport = random.pick([...Object.keys(transports), 'http', 'http'])
  const body = transports[transport]?.slot === 'body'
  return {
    transport,
    to: random.chance(0.85) ? (body || random.chance(0.5) ? 'named' : 'absent') : random.pick(['other', 'absent']),
    style: random.pick(['single', 'batch', 'buffered', 'buffered']),
    messages: random.chance(0.8) ? 1 : 2,
    bufferSize: 1 + random.below(4),
    batchSize: 1 + random.below(8),
  }
}

function requestPlan(id: number, random: Random): RequestPlan {
  return {
    id,
    subject: random.chance(0.06) ? undefined : `user-${random.below(4)}`,
    attempts: random.chance(0.75) ? 1 : 2,
    source: random.pick(['now', 'now', 'now', 'later', 'later', 'later', 'stale', 'unavailable', 'throws', 'rejects']),
    inbound: random.pick([
      'nothing',
      'nothing',
      'nothing',
      'nothing',
      'forged',
      'replayed',
      'override',
      'override',
      'stolen-override',
    ]),
  }
}
