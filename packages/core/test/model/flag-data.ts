import type { Cause } from '../../src/decision.ts'
import type { DeclaredFlag } from '../../src/declared-flag.ts'
import type { SourceDecision } from '../../src/source.ts'
import { type Random, seededRandom } from '../fuzz/random.ts'
import { worldFlags } from './flag-plan.ts'
import type { Said } from './scope-model.ts'
import type { World } from './world.ts'

/** What the flag data says at this moment, flag by flag, and the same as the model remembers it. */
export function answered(
  world: World,
  subject: string,
  salt: number,
  flags: readonly DeclaredFlag[],
): {
  readonly decisions: readonly (SourceDecision | { readonly cause: Cause })[]
  readonly said: ReadonlyMap<string, Said>
} {
  const random = seededRandom(world.plan.seed, salt)
  const decisions = flags.map(({ key }) => decide(world, key, subject, random))
  return { decisions, said: new Map(flags.map(({ key }, index) => [key, decisions[index] as Said])) }
}

/** A bucket of the subject, or what kill switches and mistakes make of it. */
function decide(
  world: World,
  flag: string,
  subject: string,
  random: Random,
): SourceDecision | { readonly cause: Cause } {
  const { version } = world
  const variations = Object.entries(worldFlags.find(({ key }) => key === flag)?.variations ?? {})
  const dice = random.below(40)
  if (dice === 0 && flag !== 'tracer') return { cause: 'flag_not_found' }
  const salt = world.saltOf(flag)
  const bucket = salt === 0 ? 0 : hashed(`${flag}:${subject}:${salt}`) % variations.length
  const [name = '', value = null] = variations[bucket] ?? []
  const reason = salt === 0 ? 'OFF' : 'FALLTHROUGH'
  if (dice === 1) return { value: [name], variation: name, version, reason }
  if (dice === 2 && typeof value === 'string') return { value: 'unheard of', variation: 'new', version, reason }
  // A system that knows no names: the value tells.
  return { value, variation: dice < 10 ? `v${bucket}` : name, version, reason, bucketed: true }
}

function hashed(text: string): number {
  let hash = 2_166_136_261
  for (const char of text) hash = Math.imul(hash ^ char.charCodeAt(0), 16_777_619) >>> 0
  return (hash ^ (hash >>> 13)) >>> 0
}
