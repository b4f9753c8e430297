import { type KeyRing, keyRing } from '../../src/keys.ts'
import type { CountCode, Counts } from '../../src/ledger.ts'
import type { Recall } from '../../src/source.ts'
import { type Random, seededRandom } from '../fuzz/random.ts'
import { worldFlags } from './flag-plan.ts'
import type { Plan } from './plan.ts'
import { Scheduler } from './scheduler.ts'
import type { Arrived, Attempt, ScopeModel, Sealed } from './scope-model.ts'

export type ViolationKind =
  /** Something threw that must not. */
  | 'crash'
  /** A decision made for another subject was honoured or sent. */
  | 'leak'
  /** Not the decision that was sealed, and no policy says so. */
  | 'wrong'
  /** A stamp that had to be there was not, or the other way round. */
  | 'stamp'
  /** The counts do not explain what happened. */
  | 'counts'
  /** The message itself is not what was sent. */
  | 'altered'
  /** Accepted, and never handled; or the run did not come to an end. */
  | 'undelivered'

export interface Violation {
  readonly kind: ViolationKind
  readonly what: string
}

/** One message, from when it is made. */
export interface Parcel {
  readonly id: number
  readonly attempt: Attempt | undefined
  readonly text: string
  /** The function that it is for. */
  readonly to: string
  /** The scope that it was made in; `undefined`: outside any that carries something. */
  readonly sender: ScopeModel | undefined
  readonly problem: CountCode | undefined
  arrived: Arrived
  /** How often its handler is to fail yet. */
  failuresLeft: number
  /** An item that somebody without Waybill changed after it was stamped. */
  readonly changed?: true
  /** A policy threw instead of running the handler: that is an end as well. */
  refused?: true
  handled: number
}

/** Stages of a rotation: added verify-only, promoted, the old one retired, and so on round. */
const KEY_IDS = ['k0', 'k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'k7']
const subjectSecret = Buffer.alloc(32, 99)
const key = (index: number): { id: string; secret: Buffer } => ({
  id: KEY_IDS[index] ?? 'kx',
  secret: Buffer.alloc(32, index + 1),
})
export interface Stage {
  readonly ring: KeyRing
  readonly ids: readonly string[]
}
const STAGES: readonly Stage[] = KEY_IDS.slice(0, -1).flatMap((_, index) => [
  stage(index, []),
  stage(index, [index + 1]),
  stage(index + 1, [index]),
])

function stage(signing: number, verifying: readonly number[]): Stage {
  const ring = keyRing({ signing: key(signing), verifying: verifying.map(key), subjectSecret })
  return { ring, ids: [signing, ...verifying].map((index) => KEY_IDS[index] ?? '') }
}

export const fingerprintOf = (subject: string | undefined): string =>
  subject === undefined ? '' : (STAGES[0]?.ring.fingerprint(subject) ?? '')

/** All that a run shares: the clock, the flag data, keys, recalls, what was counted, and what went wrong. */
export class World {
  readonly plan: Plan
  readonly random: Random
  readonly scheduler: Scheduler
  readonly parcels: Parcel[] = []
  readonly violations: Violation[] = []
  readonly trace: string[] = []
  readonly recalls: Recall[] = []
  /** What the edge decided, attempt by attempt. */
  readonly decided: { readonly attempt: Attempt; readonly flags: ReadonlyMap<string, Sealed> }[] = []
  /** By version of the flag data: a flip is another salt, a kill none at all. */
  readonly #salts = new Map(worldFlags.map(({ key: flag }) => [flag, 1]))
  readonly #expected = new Map<CountCode, number>()
  readonly #counted = new Map<CountCode, number>()
  readonly #tracing: boolean
  version = 1
  nowMs = 1_790_000_000_000
  #stage = 0
  attempts = 0

  constructor(plan: Plan, tracing: boolean) {
    this.plan = plan
    this.random = seededRandom(plan.seed, 1)
    this.#tracing = tracing
    this.scheduler = new Scheduler(seededRandom(plan.seed, 2), () => this.#step())
  }

  say(line: () => string): void {
    if (this.#tracing) this.trace.push(`${this.scheduler.steps}: ${line()}`)
  }

  blame(kind: ViolationKind, what: string): void {
    this.say(() => `VIOLATION ${kind}: ${what}`)
    if (this.violations.length < 20) this.violations.push({ kind, what })
  }

  nowSeconds = (): number => Math.floor(this.nowMs / 1000)

  expect = (code: CountCode, by = 1): void => {
    this.say(() => `  must be counted: ${code}${by === 1 ? '' : ` ${by}`}`)
    this.#expected.set(code, (this.#expected.get(code) ?? 0) + by)
  }

  counted(counts: Counts): void {
    for (const [code, by] of counts) this.#counted.set(code, (this.#counted.get(code) ?? 0) + by)
  }

  /** What the model had to explain, by code: what befell this chain. */
  get explained(): ReadonlyMap<CountCode, number> {
    return this.#expected
  }

  /** Both books must say the same: every loss is counted, and nothing that was none. */
  settle(): void {
    for (const code of new Set([...this.#expected.keys(), ...this.#counted.keys()])) {
      const [expected, counted] = [this.#expected.get(code) ?? 0, this.#counted.get(code) ?? 0]
      if (expected !== counted) this.blame('counts', `${code}: counted ${counted}, explained ${expected}`)
    }
  }

  /** The newest ring there is; functions hold it or an older one. */
  get stage(): number {
    return this.#stage
  }

  stageAt(index: number): Stage {
    return STAGES[index] as Stage
  }

  saltOf(flag: string): number {
    return this.#salts.get(flag) ?? 0
  }

  /** Time passes, and operators do what they do, at any moment. */
  #step(): void {
    const { random } = this
    const { flips, recalls, rotations } = this.plan.faults
    this.nowMs += random.chance(0.02) ? random.below(7_200_000) : random.below(3_000)
    if (random.chance(flips)) {
      const { key: flag } = random.pick(worldFlags)
      this.version += 1
      this.#salts.set(flag, random.chance(0.2) ? 0 : this.version)
      this.say(() => `flag ${flag} ${this.saltOf(flag) === 0 ? 'is killed' : 'flips'} at version ${this.version}`)
    }
    if (random.chance(recalls)) {
      const { key: flag, variations } = random.pick(worldFlags)
      const to = random.pick(Object.keys(variations))
      this.recalls.unshift({ flag, upToVersion: this.version, to })
      this.say(() => `recall of ${flag} up to ${this.version}, to ${to}`)
    }
    if (random.chance(rotations) && this.#stage < STAGES.length - 1) {
      this.#stage += 1
      this.say(() => `keys: ${this.stageAt(this.#stage).ids.join()}`)
    }
  }
}
