import type { Random } from '../fuzz/random.ts'

/**
 * Decides who goes on next. Handlers, pollers and the network park here; each step lets one of them go on, and waits until
 * nothing moves any more. So interleavings are chosen by the seed, not by the machine, and what a step sees of keys, time
 * and flag data is the same for the code under test as for the model.
 */
export class Scheduler {
  readonly #random: Random
  readonly #onStep: () => void
  #parked: (() => void)[] = []
  #tasks = 0
  steps = 0

  constructor(random: Random, onStep: () => void) {
    this.#random = random
    this.#onStep = onStep
  }

  pause(): Promise<void> {
    return new Promise((resolve) => void this.#parked.push(resolve))
  }

  /** A task of its own. What it throws is `onError`'s. */
  spawn(task: () => Promise<void>, onError: (error: unknown) => void): void {
    this.#tasks += 1
    task()
      .catch(onError)
      .finally(() => {
        this.#tasks -= 1
      })
  }

  /** Until all tasks are done; `false` when they wait for each other, or for ever. */
  async run(maxSteps: number): Promise<boolean> {
    await settled()
    while (this.#tasks > 0) {
      if (this.#parked.length === 0 || this.steps >= maxSteps) return false
      this.steps += 1
      this.#onStep()
      const [resume] = this.#parked.splice(this.#random.below(this.#parked.length), 1)
      resume?.()
      await settled()
    }
    return true
  }
}

/** All promises that can go on have gone on: an immediate comes after every microtask. */
function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}
