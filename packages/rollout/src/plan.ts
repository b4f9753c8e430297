import { WaybillError } from '@waybill/core'
import { presetSteps, type Step } from './presets.ts'

/** A rollout as somebody writes it down: JSON. What is absent has the default that is named. */
export interface RolloutPlan {
  /** Its name for people, in audit entries and events. Letters, digits, `-`, `_` and `.`; at most 64. */
  readonly id: string
  readonly flag: string
  /** Declared names of the two variations. */
  readonly canary: string
  readonly control: string
  /** The ramp: rising percentages of users. Either this, or a preset of CodeDeploy by its own name. */
  readonly steps?: readonly Step[]
  readonly preset?: string
  /** How long all users have the canary, still judged by the absolute guardrails, before it is complete. Default 10. */
  readonly bakeMinutes?: number
  /** How often a harmless canary may be rolled back, over the whole rollout and all its tests. Default 0.02. */
  readonly alpha?: number
  /** Default: errored users with all of alpha. */
  readonly guardrails?: readonly Guardrail[]
  /** Users of the canary, as far as they were counted, before a step is left. Default 0: time alone. */
  readonly minUsers?: number
  /** Without a tick for so long the ramp freezes until a human resumes it. Default 15. */
  readonly deadManMinutes?: number
  /** How long after a minute its numbers are believed to be complete. Default 2, the least. */
  readonly lagMinutes?: number
  /** Steps, counted from 0, that are not entered before `waybill rollout approve`. */
  readonly approvals?: readonly number[]
  /** On a rollback, what becomes of decisions in flight. Default `recall`. */
  readonly inFlight?: 'keep' | 'recall'
  /** Names of CloudWatch alarms that roll it back at once when they go off. */
  readonly alarms?: readonly string[]
}

/** What ends a rollout. The first two split alpha; the others are for gross failure, whatever the canary's share. */
export type Guardrail =
  | { readonly kind: 'errored-users' | 'slow-users'; readonly alphaShare: number }
  /** Percent of the canary's attempts that fail, in `badMinutes` of the last `ofMinutes`, of `minRequests` or more. */
  | ({ readonly kind: 'error-rate' | 'unfinished'; readonly maxPercent: number } & Window)

interface Window {
  readonly badMinutes?: number
  readonly ofMinutes?: number
  readonly minRequests?: number
}

/** A plan with its defaults filled in. */
export interface CheckedPlan extends Required<Omit<RolloutPlan, 'preset'>> {
  readonly last: number
}

const ID = /^[A-Za-z0-9._-]{1,64}$/
const KEY = /^[\x21-\x7e]{1,256}$/
/** As declared names are: under a longer one nothing can be recalled. */
const VARIATION = /^[\x21-\x7e]{1,64}$/
const MAX_STEPS = 100
const WEEK_MINUTES = 10_080

const isNumber = (value: unknown, least: number, most: number): value is number =>
  typeof value === 'number' && value >= least && value <= most

/**
 * Checks a plan, of whatever origin. Throws `bad_option` that names the field and what it must be.
 *
 * @example
 * ```ts
 * const plan = checkedPlan({
 *   id: 'new-order-flow-1', flag: 'new-order-flow', canary: 'canary', control: 'control',
 *   preset: 'LambdaCanary10Percent5Minutes',
 * })
 * plan.steps.map(({ percent }) => percent).join() // '10,100'
 * ```
 */
export function checkedPlan(input: RolloutPlan): CheckedPlan {
  const plan = (typeof input === 'object' && input !== null ? input : {}) as RolloutPlan
  refuseUnknown(plan)
  if (typeof plan.id !== 'string' || !ID.test(plan.id))
    throw bad('id', '1 to 64 letters, digits, dots, dashes and underscores')
  if (typeof plan.flag !== 'string' || !KEY.test(plan.flag)) throw bad('flag', 'printable ASCII without spaces')
  for (const name of ['canary', 'control'] as const) {
    if (typeof plan[name] !== 'string' || !VARIATION.test(plan[name])) {
      throw bad(name, '1 to 64 printable ASCII characters without spaces')
    }
  }
  if (plan.canary === plan.control) throw bad('control', 'another variation than the canary')
  const steps = checkedSteps(plan)
  const alpha = plan.alpha ?? 0.02
  if (!isNumber(alpha, 1e-6, 0.5)) throw bad('alpha', 'a probability from 0.000001 to 0.5')
  const approvals = plan.approvals ?? []
  if (
    !Array.isArray(approvals) ||
    !approvals.every((step) => Number.isInteger(step) && step >= 0 && step < steps.length)
  ) {
    throw bad('approvals', `steps from 0 to ${steps.length - 1}`)
  }
  const inFlight = plan.inFlight ?? 'recall'
  if (inFlight !== 'keep' && inFlight !== 'recall') throw bad('inFlight', '"keep" or "recall"')
  const alarms = plan.alarms ?? []
  if (
    !Array.isArray(alarms) ||
    alarms.length > 50 ||
    !alarms.every((name) => typeof name === 'string' && name !== '')
  ) {
    throw bad('alarms', 'names of alarms, at most 50')
  }
  return {
    id: plan.id,
    flag: plan.flag,
    canary: plan.canary,
    control: plan.control,
    steps,
    last: steps.length - 1,
    alpha,
    guardrails: checkedGuardrails(plan),
    bakeMinutes: minutes(plan, 'bakeMinutes', 10, 0),
    deadManMinutes: minutes(plan, 'deadManMinutes', 15, 3),
    lagMinutes: minutes(plan, 'lagMinutes', 2, 2),
    minUsers: minUsersOf(plan, steps),
    approvals,
    inFlight,
    alarms,
  }
}

function checkedSteps({ steps, preset }: RolloutPlan): readonly Step[] {
  if ((steps === undefined) === (preset === undefined)) throw bad('steps', 'given, or a preset instead')
  if (preset !== undefined) {
    const found = typeof preset === 'string' ? presetSteps(preset) : undefined
    if (found === undefined)
      throw bad('preset', 'a CodeDeploy configuration for Lambda, such as LambdaCanary10Percent5Minutes')
    return found
  }
  if (!Array.isArray(steps) || steps.length === 0 || steps.length > MAX_STEPS)
    throw bad('steps', `1 to ${MAX_STEPS} steps`)
  let before = 0
  return steps.map((step: unknown, index) => {
    const { percent, holdMinutes, ...rest } = (step ?? {}) as Partial<Step>
    const at = `steps[${index}]`
    refuseRest(at, rest, 'percent, holdMinutes')
    if (!isNumber(percent, 0.001, 100) || weighable(percent) <= before) {
      throw bad(`${at}.percent`, 'above the step before it by 0.001 or more, and at most 100')
    }
    if (!isNumber(holdMinutes, 0, WEEK_MINUTES)) throw bad(`${at}.holdMinutes`, `0 to ${WEEK_MINUTES} minutes`)
    if (index === steps.length - 1 && percent !== 100) throw bad(`${at}.percent`, '100, as the last step is everybody')
    before = weighable(percent)
    return { percent: before, holdMinutes }
  })
}

/** As a flag's weights can say it, in thousandths: a third of all would never be found in the flag as it was set. */
function weighable(percent: number): number {
  return Math.round(percent * 1000) / 1000
}

function checkedGuardrails({ guardrails }: RolloutPlan): readonly Guardrail[] {
  if (guardrails === undefined) return [{ kind: 'errored-users', alphaShare: 1 }]
  if (!Array.isArray(guardrails) || guardrails.length === 0) throw bad('guardrails', 'one or more, or absent')
  const kinds = new Set<string>()
  let shares = 0
  for (const [index, guardrail] of guardrails.entries()) {
    const at = `guardrails[${index}]`
    if (kinds.has(guardrail?.kind)) throw bad(`${at}.kind`, 'another one: each kind once')
    kinds.add(guardrail?.kind)
    if (guardrail?.kind === 'errored-users' || guardrail?.kind === 'slow-users') {
      const { kind: _, alphaShare: __, ...rest } = guardrail
      refuseRest(at, rest, 'kind, alphaShare')
      if (!isNumber(guardrail.alphaShare, 0.01, 1)) throw bad(`${at}.alphaShare`, 'a share of alpha from 0.01 to 1')
      shares += guardrail.alphaShare
    } else if (guardrail?.kind === 'error-rate' || guardrail?.kind === 'unfinished') {
      const { kind: _, maxPercent, badMinutes = 3, ofMinutes = 5, minRequests = 20, ...rest } = guardrail
      refuseRest(at, rest, 'kind, maxPercent, badMinutes, ofMinutes, minRequests')
      if (!isNumber(maxPercent, 0, 100)) throw bad(`${at}.maxPercent`, 'a percentage')
      if (!isNumber(minRequests, 1, Number.MAX_SAFE_INTEGER)) throw bad(`${at}.minRequests`, '1 or more')
      if (!isNumber(ofMinutes, 1, 60) || !isNumber(badMinutes, 1, ofMinutes)) {
        throw bad(`${at}.badMinutes`, 'at most ofMinutes, which is at most 60')
      }
    } else {
      throw bad(`${at}.kind`, 'errored-users, slow-users, error-rate or unfinished')
    }
  }
  if (shares > 1 + 1e-9) throw bad('guardrails', 'sharing one alpha: their alphaShare may come to 1 at most')
  return guardrails
}

const KNOWN = new Set<string>([
  'id',
  'flag',
  'canary',
  'control',
  'steps',
  'preset',
  'bakeMinutes',
  'alpha',
  'guardrails',
  'minUsers',
  'deadManMinutes',
  'lagMinutes',
  'approvals',
  'inFlight',
  'alarms',
])

/** A misspelt field would be a default that nobody wanted. */
function refuseUnknown(plan: RolloutPlan): void {
  for (const name of Object.keys(plan))
    if (!KNOWN.has(name)) throw bad(name, `absent: fields are ${[...KNOWN].join(', ')}`)
}

function refuseRest(at: string, rest: object, fields: string): void {
  for (const name of Object.keys(rest)) throw bad(`${at}.${name}`, `absent: fields are ${fields}`)
}

function minutes(
  plan: RolloutPlan,
  name: 'bakeMinutes' | 'deadManMinutes' | 'lagMinutes',
  absent: number,
  least: number,
): number {
  const value = plan[name] ?? absent
  if (!isNumber(value, least, WEEK_MINUTES)) throw bad(name, `${least} to ${WEEK_MINUTES} minutes`)
  return value
}

function minUsersOf({ minUsers = 0 }: RolloutPlan, steps: readonly Step[]): number {
  if (!Number.isInteger(minUsers) || minUsers < 0) throw bad('minUsers', 'a whole number, 0 or more')
  // Users are counted where a percentage decides between two variations.
  if (minUsers > 0 && steps[0]?.percent === 100) throw bad('minUsers', '0 where the first step is everybody')
  return minUsers
}

function bad(field: string, expected: string): WaybillError {
  return new WaybillError('bad_option', `Rollout plan: "${field}" must be ${expected}`)
}
