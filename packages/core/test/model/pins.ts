import { type PinPolicy, pinDecisions } from '../../src/lifecycle/pin.ts'
import type { Sealed } from './scope-model.ts'
import { wireToken } from './wire-token.ts'
import type { World } from './world.ts'

/** What became of one attempt's claim, and when it was made. */
export interface Claim {
  readonly atSeconds: number
  /** The store failed; or this attempt was the first; or another was, and this is its token's key. */
  readonly outcome: 'failed' | 'first' | { readonly keyId: string; readonly flags: ReadonlyMap<string, Sealed> }
}

interface Kept {
  readonly token: string
  readonly attempt: number
}

/** A pin store, and what the model knows of it. */
export class Pins {
  readonly #world: World
  readonly #kept = new Map<string, Kept>()
  readonly #claims = new Map<number, { atSeconds: number; outcome: 'failed' | 'first' | Kept }>()
  /** Decisions by the attempt that was the first of its request. */
  readonly #flags = new Map<number, ReadonlyMap<string, Sealed>>()
  #claiming = -1

  constructor(world: World) {
    this.#world = world
  }

  /** `of`: the request and the attempt that an event is about. */
  policy<E>(of: (event: E) => { request: number; attempt: number }): PinPolicy<E> {
    return pinDecisions({
      key: (event) => {
        const { request, attempt } = of(event)
        this.#claiming = attempt
        return `request-${request}`
      },
      ttlSeconds: 86_400,
      // Time is the model's here: a slow machine is no slow store.
      deadlineMs: 3_600_000,
      store: { claim: (key, token) => this.#claim(this.#claiming, key, token) },
    })
  }

  async #claim(attempt: number, key: string, token: string): Promise<string | undefined> {
    const claim: { atSeconds: number; outcome: 'failed' | 'first' | Kept } = {
      atSeconds: this.#world.nowSeconds(),
      outcome: 'failed',
    }
    this.#claims.set(attempt, claim)
    await this.#world.scheduler.pause()
    if (this.#world.random.chance(0.1)) throw new Error('planned')
    const first = this.#kept.get(key)
    if (first === undefined) this.#kept.set(key, { token, attempt })
    claim.outcome = first ?? 'first'
    return first?.token
  }

  claimOf(attempt: number): Claim | undefined {
    const claim = this.#claims.get(attempt)
    if (claim === undefined) return undefined
    const { atSeconds, outcome } = claim
    if (typeof outcome === 'string') return { atSeconds, outcome }
    const flags = this.#flags.get(outcome.attempt) ?? new Map()
    return { atSeconds, outcome: { keyId: wireToken(outcome.token)?.keyId ?? '', flags } }
  }

  remember(attempt: number, flags: ReadonlyMap<string, Sealed>): void {
    this.#flags.set(attempt, flags)
  }
}
