import { type Random, seeded } from './random.ts'
import type { Scenario } from './scenario.ts'

/** One request, and what either variation would make of it: judges are compared on the same requests. */
export interface Request {
  readonly user: number
  readonly bucket: number
  /** Fails by control, or by the canary (whose faults include control's). */
  readonly failsControl: boolean
  readonly failsCanary: boolean
  readonly kills: boolean
  readonly isTester: boolean
  readonly losesStamp: boolean
  readonly handledAfterMinutes: number
  /** For judges that split requests, not users. */
  readonly dice: number
}

/** The users and requests of one run, replayed by its seed. */
export class Population {
  readonly #scenario: Scenario
  readonly #random: Random
  readonly #buckets: Float64Array
  readonly #fragility: Float64Array

  constructor(scenario: Scenario, seed: number) {
    this.#scenario = scenario
    this.#random = seeded(seed)
    this.#buckets = Float64Array.from({ length: scenario.users }, this.#random)
    this.#fragility = Float64Array.from({ length: scenario.users }, this.#random)
  }

  *minute(minute: number): Generator<Request> {
    const { users, requestsPerMinute, ratio, kills, lagMinutes, testers, lostStamps, incident } = this.#scenario
    const random = this.#random
    const inIncident = incident !== undefined && minute >= incident.from && minute < incident.to
    const ambient = this.#scenario.errorRate + (inIncident ? incident.errorRate : 0)
    const losing = lostStamps !== undefined && minute >= lostStamps.from && minute < lostStamps.to
    const count = Math.round(requestsPerMinute * (0.8 + 0.4 * random()))
    for (let n = 0; n < count; n += 1) {
      // Some users come far more often than others.
      const user = Math.floor(users * random() ** 2)
      const dice = random()
      const fate = random()
      const isTester = testers !== undefined && user % Math.round(1 / testers.share) === 0
      yield {
        user,
        bucket: this.#buckets[user] ?? 0,
        failsControl: fate < this.#errorRate(user, 1, ambient),
        failsCanary: fate < (isTester ? testers.errorRate : this.#errorRate(user, ratio, ambient)),
        kills: kills > 0 && random() < kills,
        isTester,
        losesStamp: losing && random() < lostStamps.share,
        handledAfterMinutes: lagMinutes === 0 ? 0 : Math.floor(random() * (lagMinutes + 1)),
        dice,
      }
    }
  }

  /** A bad canary has more fragile users, and fails more often for everybody. An incident is nobody's fault. */
  #errorRate(user: number, ratio: number, ambient: number): number {
    const { fragileUsers, fragileErrorRate, errorRate } = this.#scenario
    const isFragile = (this.#fragility[user] ?? 1) < fragileUsers * ratio
    return ambient + errorRate * (ratio - 1) + (isFragile ? fragileErrorRate : 0)
  }
}
