import type { KeySource } from '../../src/key-source.ts'
import { type KeyRing, keyRing } from '../../src/keys.ts'
import type { World } from './world.ts'

/** The ring that one function holds: the world's newest, or an older one until it looks. */
export class HeldKeys {
  readonly #world: World
  readonly #none: boolean
  #held = 0

  constructor(world: World, none: boolean) {
    this.#world = world
    this.#none = none
  }

  option(): KeyRing | KeySource {
    return this.#none ? keyRing({}) : this.#source
  }

  believes = (keyId: string): true | 'unknown_key' | 'no_keys' => {
    if (this.#none) return 'no_keys'
    return this.#world.stageAt(this.#held).ids.includes(keyId) ? true : 'unknown_key'
  }

  readonly #source: KeySource = {
    current: () => this.#world.stageAt(this.#held).ring,
    refresh: (keyIds = []) => {
      const { ids } = this.#world.stageAt(this.#held)
      const isDue = this.#world.random.chance(0.1) || keyIds.some((id) => !ids.includes(id))
      return isDue && this.#held < this.#world.stage ? this.#look() : undefined
    },
  }

  async #look(): Promise<void> {
    await this.#world.scheduler.pause()
    this.#held = this.#world.stage
  }
}
