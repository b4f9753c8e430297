import type { Decision } from '../../src/decision.ts'
import type { DeclaredFlags } from '../../src/declared-flags.ts'
import { sameJson } from '../../src/json.ts'
import type { Random } from '../fuzz/random.ts'
import type { Outbox } from './outbox.ts'
import type { FunctionPlan } from './plan.ts'
import type { Attempt, Expected, ScopeModel, Sealed } from './scope-model.ts'
import type { World } from './world.ts'

/** What all handlers do, in the scope of one request or record: read flags, send, wait in between, and fail at times. */
export interface Job {
  readonly world: World
  readonly plan: FunctionPlan
  readonly flags: DeclaredFlags
  readonly outboxes: readonly Outbox[]
  readonly scope: ScopeModel
  readonly attempt: Attempt
  readonly random: Random
  /** To fail before anything is sent, after it, or not at all. */
  readonly fails: 'before' | 'after' | undefined
}

export async function work(job: Job): Promise<void> {
  const { world, plan, outboxes, scope, attempt, random, fails } = job
  const wanted = Object.keys(plan.declares).filter(
    () => plan.reads === 'all' || (plan.reads === 'some' && random.chance(0.5)),
  )
  for (const flag of random.shuffled(wanted)) {
    if (random.chance(0.4)) await world.scheduler.pause()
    read(job, flag)
  }
  if (fails === 'before') throw new Error('planned, before sending')
  for (const outbox of random.shuffled(outboxes)) {
    if (random.chance(0.4)) await world.scheduler.pause()
    await outbox.send(scope, attempt, random)
  }
  const [again] = wanted
  if (again !== undefined) read(job, again)
  if (fails === 'after') throw new Error('planned, after sending')
}

function read({ world, plan, flags, scope, attempt }: Job, flag: string): void {
  const expected = scope.read(flag)
  const actual = flags.detail(flag)
  if (!isSame(expected, actual)) blameRead(world, `${plan.name} for ${attempt.subject}`, attempt, expected, actual)
}

export function isSame(expected: Expected, { variation, value, version, origin, cause }: Decision): boolean {
  return (
    expected.variation === variation &&
    expected.version === version &&
    expected.origin === origin &&
    expected.cause === cause &&
    (expected.value === value || sameJson(expected.value, value))
  )
}

function blameRead(world: World, who: string, attempt: Attempt, expected: Expected, actual: Decision): void {
  const isOf = (sealed: Sealed | undefined): boolean =>
    actual.origin !== 'default' && sealed?.variation === actual.variation && sealed.version === actual.version
  const owners = world.decided.filter(({ flags }) => isOf(flags.get(actual.flag)))
  const isAnothers = owners.length > 0 && owners.every((owner) => owner.attempt.subject !== attempt.subject)
  const told = (one: Expected | Decision): string => `${one.variation} (${one.origin}, ${one.cause}, ${one.version})`
  world.blame(isAnothers ? 'leak' : 'wrong', `${who}: ${actual.flag} is ${told(actual)}, not ${told(expected)}`)
}
