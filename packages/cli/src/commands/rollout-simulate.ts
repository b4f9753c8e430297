import { type CheckedPlan, checkedPlan, type RolloutPlan } from '@waybill/rollout'
import { HARMLESS, type Scenario } from '@waybill/rollout/simulation'
import { type Command, InvalidArgumentError } from 'commander'
import { failureOf } from '../failure-of.ts'
import { simulationPage } from '../render/simulation.ts'
import { number, onPlan, type PlanOptions, readPlan } from '../rollouts/plan-options.ts'
import { minutesFor, simulate } from '../rollouts/simulation.ts'
import { type Report, reporting, type Session, show, wholeNumber } from './run-command.ts'

interface SimulateOptions extends PlanOptions {
  readonly json?: boolean
  readonly users: number
  readonly requestsPerMinute: number
  readonly errorRate: number
  readonly fragileUsers: number
  readonly errorsTimes: number
  readonly kills: number
  readonly lagMinutes: number
  readonly minutes?: number
  readonly runs: number
  readonly seed: number
}

const HELP = `
Rates are shares of requests, 0 to 1. The same seed gives the same users and the same requests.

Examples:
  $ waybill rollout simulate --preset LambdaCanary10Percent30Minutes --errors-times 5
  $ waybill rollout simulate --steps 1@10m,10@30m,100 --max-unfinished-percent 5 --kills 0.2
  $ waybill rollout simulate --plan plan.json --users 500 --requests-per-minute 5`

/** `waybill rollout simulate`: what a plan would do to given traffic and faults. No store is needed. */
export function simulateCommand(session: Session): Command {
  return onPlan(reporting('simulate', 'try a plan on simulated traffic and faults; nothing is read or written'))
    .argument('[flag]', 'a name for it (default: simulated, or the one in --plan)')
    .option('--users <count>', 'who come, some far more often than others', countFrom(1, 1e7), HARMLESS.users)
    .option('--requests-per-minute <count>', 'of all users', countFrom(1, 1e6), HARMLESS.requestsPerMinute)
    .option('--error-rate <share>', "of anybody's requests, whatever the variation", shareOf, HARMLESS.errorRate)
    .option('--fragile-users <share>', 'of the users: 30 % of their requests fail', shareOf, HARMLESS.fragileUsers)
    .option('--errors-times <times>', "the canary's errors, times control's: 1 is harmless", number, 1)
    .option('--kills <share>', "of the canary's requests, that kill their process", shareOf, 0)
    .option('--lag-minutes <minutes>', 'consumers handle a message up to so much later', countFrom(0, 1440), 0)
    .option('--minutes <minutes>', 'how long it is watched (default: as long as the plan takes)', countFrom(1, 20_160))
    .option('--runs <count>', 'how often', countFrom(1, 100_000), 200)
    .option('--seed <number>', 'of the first run; the others count on', wholeNumber, 1)
    .addHelpText('after', HELP)
    .action((flag: string | undefined, options: SimulateOptions) =>
      show(session, options, simulated(flag, options, session)),
    )
}

async function simulated(flag: string | undefined, options: SimulateOptions, { terminal }: Session): Promise<Report> {
  const named = flag ?? (options.plan === undefined ? 'simulated' : undefined)
  const plan = checked(await readPlan(named, options, terminal))
  const { users, requestsPerMinute, errorRate, fragileUsers, errorsTimes, kills, lagMinutes, runs, seed } = options
  const minutes = options.minutes ?? minutesFor(plan)
  const scenario: Scenario = {
    ...HARMLESS,
    ...{ name: 'simulated', users, requestsPerMinute, errorRate, fragileUsers, kills, lagMinutes, minutes },
    ratio: errorsTimes,
  }
  const progress = (what: string): void => {
    if (terminal.isScreen && !options.json) terminal.draw(`\r\u001b[K${what}`)
  }
  const found = simulate(plan, scenario, { runs, seed, progress })
  return { json: found, text: (style) => simulationPage(found, style) }
}

function checked(plan: RolloutPlan): CheckedPlan {
  try {
    return checkedPlan(plan)
  } catch (error) {
    throw failureOf(error, 'the plan')
  }
}

function shareOf(text: string): number {
  const value = number(text)
  if (value <= 1) return value
  throw new InvalidArgumentError('It must be a share from 0 to 1: 0.02 are 2 %.')
}

function countFrom(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = wholeNumber(text)
    if (value >= least && value <= most) return value
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
  }
}
