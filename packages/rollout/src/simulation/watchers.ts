import { NO_EVIDENCE, strengthOf, withEvents } from '../sequential.ts'

/** What one minute showed of a canary at a constant share. */
export interface Minute {
  readonly share: number
  readonly canary: Tally
  readonly control: Tally
}

export interface Tally {
  readonly requests: number
  /** Lambda's own count: what failed, and what was killed. */
  readonly errors: number
  /** Of those: never finished. */
  readonly killed: number
  /** Users who met their first error. */
  readonly users: number
}

/** A judge as others have them: fed minute by minute, true when it would roll back. */
export type Watcher = (minute: Minute) => boolean

/** What this package does: newly affected users, and three of five minutes with more than 5 % that never finish. */
export const OURS = 'sequential on users'

/** The judges that are held against each other, each made anew for each run. */
export const WATCHERS: Readonly<Record<string, (expectedErrorRate: number, alpha: number) => Watcher>> = {
  [OURS]: (_expected, alpha) =>
    either(
      sequential(alpha, ({ users }) => users),
      alarm(0.05, 3, 5, ({ killed }) => killed),
    ),
  'sequential on requests': (_expected, alpha) => sequential(alpha, ({ errors }) => errors),
  'z-test, every minute': () => peekedZ(),
  'alarm, 1 of 1': (expected) => alarm(2 * expected, 1, 1),
  'alarm, 3 of 5': (expected) => alarm(2 * expected, 3, 5),
}

function either(...watchers: readonly Watcher[]): Watcher {
  // Each sees every minute, also the one in which another fires.
  return (minute) => watchers.map((watch) => watch(minute)).includes(true)
}

function sequential(alpha: number, eventsOf: (tally: Tally) => number): Watcher {
  let evidence = NO_EVIDENCE
  return ({ share, canary, control }) => {
    evidence = withEvents(evidence, { share, canary: eventsOf(canary), control: eventsOf(control) })
    return strengthOf(evidence) > 1 / alpha
  }
}

/** Two proportions of all requests so far, at 5 % one-sided, looked at each minute. */
function peekedZ(): Watcher {
  const sums = { canary: 0, canaryErrors: 0, control: 0, controlErrors: 0 }
  return ({ canary, control }) => {
    sums.canary += canary.requests
    sums.canaryErrors += canary.errors
    sums.control += control.requests
    sums.controlErrors += control.errors
    const pooled = (sums.canaryErrors + sums.controlErrors) / (sums.canary + sums.control)
    const deviation = Math.sqrt(pooled * (1 - pooled) * (1 / sums.canary + 1 / sums.control))
    return (sums.canaryErrors / sums.canary - sums.controlErrors / sums.control) / deviation > 1.645
  }
}

/** The canary's rate in a minute, above a threshold in M of the last N. */
function alarm(
  threshold: number,
  badMinutes: number,
  ofMinutes: number,
  countOf: (tally: Tally) => number = ({ errors }) => errors,
): Watcher {
  const isOn = mOfN(badMinutes, ofMinutes)
  return ({ canary }) => isOn(canary.requests > 0 && countOf(canary) / canary.requests > threshold)
}

/** Told minute by minute whether it was bad: true when so many of the last were. */
export function mOfN(badMinutes: number, ofMinutes: number): (isBad: boolean) => boolean {
  const last: boolean[] = []
  return (isBad) => {
    last.push(isBad)
    if (last.length > ofMinutes) last.shift()
    return last.filter(Boolean).length >= badMinutes
  }
}
