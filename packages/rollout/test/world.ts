import { type AuditItem, type FlagData, type FlagStore, memoryStore } from '@waybill/flags'
import { type Controller, type ControllerOptions, rolloutController } from '../src/controller.ts'
import type { RolloutEvent } from '../src/events.ts'
import type { MinuteCounts } from '../src/guardrails.ts'
import { type RolloutOperator, rolloutOperator } from '../src/operator.ts'
import type { RolloutPlan } from '../src/plan.ts'
import type { UserCount } from '../src/state.ts'
import type { RolloutStore } from '../src/stored-rollout.ts'

export const MINUTE = 60_000
export const ADA = { who: 'ada', comment: 'first try' }
export const PLAN: RolloutPlan = {
  id: 'r',
  flag: 'f',
  canary: 'canary',
  control: 'control',
  steps: [
    { percent: 10, holdMinutes: 2 },
    { percent: 50, holdMinutes: 2 },
    { percent: 100, holdMinutes: 0 },
  ],
  bakeMinutes: 2,
}
export const FLAG: FlagData & { readonly variationNames: readonly string[] } = {
  key: 'f',
  version: 1,
  on: true,
  variations: ['a', 'b'],
  variationNames: ['control', 'canary'],
  offVariation: 0,
  fallthrough: { variation: 0 },
  salt: 's',
}

/** The canary for so many of the users whom nothing else names. */
export function giving(percent: number): Required<Pick<FlagData, 'fallthrough'>> {
  const own = { variation: 1, weight: percent * 1000 }
  return { fallthrough: { rollout: { variations: [own, { variation: 0, weight: 100_000 - own.weight }] } } }
}

/** Somebody else's hand on the flag. */
export async function edited(world: World, change: Partial<FlagData>): Promise<void> {
  const flag = (await world.store.get('features', 'f')) ?? FLAG
  const next = { ...flag, ...change, version: flag.version + 1 }
  await world.store.put('features', next, { ifVersion: flag.version })
}

/** A flag, a clock, and what the judge is told, in memory. */
export class World {
  readonly store: FlagStore = memoryStore()
  nowMs = 1_000 * MINUTE
  users: readonly UserCount[] | Error = []
  /** `silent`: no function reports anything. */
  metrics: 'alive' | 'silent' | Error | ((untilMs: number) => readonly MinuteCounts[]) = 'alive'
  readonly events: RolloutEvent[] = []
  busIsDown = false

  async begin(plan: RolloutPlan = PLAN): Promise<void> {
    await this.store.init({ flags: { f: FLAG } })
    await this.operator().start(plan, ADA)
  }

  operator(store: RolloutStore = this.store): RolloutOperator {
    return rolloutOperator({ store, nowMs: () => this.nowMs })
  }

  controller(store: RolloutStore = this.store, more: Partial<ControllerOptions> = {}): Controller {
    return rolloutController({
      store,
      nowMs: () => this.nowMs,
      affectedUsers: { totals: async () => known(this.users) },
      minutes: async ({ untilMs }) => this.#minutes(untilMs),
      publish: async (events) => {
        if (this.busIsDown) throw new Error('the bus is down')
        this.events.push(...events)
      },
      log: () => {},
      ...more,
    })
  }

  pass(minutes: number): void {
    this.nowMs += minutes * MINUTE
  }

  /** So many ticks, one a minute. */
  async tick(minutes = 1, controller: Controller = this.controller()): Promise<void> {
    for (let minute = 0; minute < minutes; minute += 1) {
      this.pass(1)
      await controller.tick()
    }
  }

  /** Users who met an error, by the flag's present version. */
  async errors(canary: number, control: number): Promise<void> {
    const { version = 0 } = (await this.store.get('features', 'f')) ?? {}
    const before = known(this.users)
    const of = (variation: string, users: number): UserCount => ({ kind: 'error', variation, version, users })
    this.users = [...before, of('canary', canary), of('control', control)]
  }

  async trail(): Promise<readonly AuditItem[]> {
    return this.store.list('audit', { keyPrefix: 'f/' })
  }

  async actions(kind: AuditItem['kind'] = 'rollouts'): Promise<readonly string[]> {
    return (await this.trail()).filter((record) => record.kind === kind).map(({ action }) => action)
  }

  /** The percentages that the flag was given, in the order of its versions. */
  async percents(): Promise<readonly number[]> {
    const records = (await this.trail()).filter(({ kind }) => kind === 'features')
    const weights = records
      .toSorted((a, b) => (a.after?.version ?? 0) - (b.after?.version ?? 0))
      .map(({ after }) => (after as FlagData).fallthrough?.rollout?.variations ?? [])
    return weights.map((slots) => (slots.find(({ variation }) => variation === 1)?.weight ?? 0) / 1000)
  }

  #minutes(untilMs: number): readonly MinuteCounts[] {
    if (typeof this.metrics === 'function') return this.metrics(untilMs)
    const { metrics } = this
    if (metrics instanceof Error) throw metrics
    return metrics === 'silent' ? [] : [{ minuteMs: untilMs - MINUTE, started: 1, finished: 1, errors: 0 }]
  }
}

function known<T>(value: T | Error): T {
  if (value instanceof Error) throw value
  return value
}

export class Killed extends Error {}

/**
 * The store as a process sees it that is killed at its `at`-th request: before the store has it, or after, when only the
 * answer is lost. From then on nothing gets out.
 */
export function mortal(
  store: RolloutStore,
  at: number,
  when: 'before' | 'after',
): RolloutStore & { readonly kill: () => void } {
  let requests = 0
  let isDead = false
  const pass = async <T>(ask: () => Promise<T>): Promise<T> => {
    const isLast = requests === at
    requests += 1
    isDead ||= isLast && when === 'before'
    if (isDead) throw new Killed()
    const answer = await ask()
    isDead ||= isLast
    if (isDead) throw new Killed()
    return answer
  }
  return {
    kill: () => {
      isDead = true
    },
    get: (...args) => pass(() => store.get(...args)),
    list: (...args) => pass(() => store.list(...args)),
    put: (...args) => pass(() => store.put(...args)),
  }
}
