import { readFile } from 'node:fs/promises'
import { CODEDEPLOY_PRESETS, type Guardrail, presetSteps, type RolloutPlan, type Step } from '@waybill/rollout'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { duration } from '../commands/duration.ts'
import { wholeNumber } from '../commands/run-command.ts'
import { checkKey } from '../edits/create.ts'
import { weightOfPercent } from '../edits/rollout.ts'
import { Failure, messageOf } from '../failure.ts'
import type { Terminal } from '../terminal.ts'

/** A rollout plan as the command line says it: in options, or whole in a file. */
export interface PlanOptions {
  readonly plan?: string
  readonly id?: string
  readonly canary?: string
  readonly control?: string
  readonly preset?: string
  readonly steps?: readonly Step[]
  readonly bake?: number
  readonly approveSteps?: readonly number[]
  readonly minUsers?: number
  readonly alpha?: number
  readonly slowUsers?: number
  readonly maxErrorPercent?: number
  readonly maxUnfinishedPercent?: number
  readonly alarm?: readonly string[]
  readonly inFlight?: 'keep' | 'recall'
  readonly deadMan?: number
  readonly judgeLag?: number
}

const NAMES = [
  ...['plan', 'id', 'canary', 'control', 'preset', 'steps', 'bake', 'approveSteps', 'minUsers', 'alpha', 'slowUsers'],
  ...['maxErrorPercent', 'maxUnfinishedPercent', 'alarm', 'inFlight', 'deadMan', 'judgeLag'],
] as const

/** Adds the options that say how a rollout goes. None has a default here: the plan has them. */
export function onPlan(command: Command): Command {
  return command
    .option('--canary <variation>', 'name of the variation that is new (default: canary)')
    .option('--control <variation>', 'name of the one that it is held against (default: control)')
    .option('--preset <name>', 'a CodeDeploy configuration for Lambda, by its own name', preset)
    .option('--steps <steps>', 'percentages, and how long each is held: 1@10m,10@30m,50@1h,100', steps)
    .option('--bake <duration>', 'how long all have the canary before it is complete (default: 10m)', minutes)
    .option('--approve-steps <steps>', 'steps that wait for "approve", counted from 1: 1,3', stepNumbers)
    .option('--min-users <count>', 'users of the canary before a step is left (default: 0)', wholeNumber)
    .option('--alpha <probability>', 'how often a harmless canary may be rolled back (default: 0.02)', number)
    .option('--slow-users <share>', 'judge slow users too, with this share of alpha, such as 0.5', share)
    .option(
      '--max-error-percent <percent>',
      "roll back when more of the canary's attempts fail, 3 of 5 minutes",
      percentage,
    )
    .option('--max-unfinished-percent <percent>', 'or never finish, as of a process that is killed', percentage)
    .option('--alarm <name>', 'a CloudWatch alarm that rolls it back at once; once for each', gathered)
    .addOption(
      new Option('--in-flight <policy>', 'decisions in flight after a rollback (default: recall)').choices([
        'keep',
        'recall',
      ]),
    )
    .option('--dead-man <duration>', 'without a judgement for so long the ramp freezes (default: 15m)', minutes)
    .option('--judge-lag <duration>', "when a minute's numbers are believed to be complete (default: 2m)", minutes)
    .option('--id <name>', 'its name (default: flag and date)')
    .option('--plan <file>', 'all of this as the JSON of a plan, or - for standard input; alone')
}

/** What the options come to. Fails with `bad_input`; the plan itself is checked by whoever takes it. */
export async function readPlan(
  flag: string | undefined,
  options: PlanOptions,
  terminal: Terminal,
): Promise<RolloutPlan> {
  if (options.plan !== undefined) return planIn(options.plan, flag, options, terminal)
  if (flag === undefined) throw new Failure('bad_input', 'Say which flag, or --plan FILE')
  checkKey(flag)
  const { canary = 'canary', control = 'control', preset, steps, approveSteps, alarm } = options
  if ((preset === undefined) === (steps === undefined)) {
    const both =
      preset === undefined ? 'Say how it goes up' : '--preset and --steps both say how it goes up: say one of them'
    throw new Failure('bad_input', `${both}: --preset LambdaCanary10Percent5Minutes, or --steps 1@10m,10@30m,100`)
  }
  const count = (steps ?? presetSteps(preset ?? '') ?? []).length
  const beyond = approveSteps?.find((step) => step > count)
  if (beyond !== undefined) {
    throw new Failure('bad_input', `--approve-steps: there is no step ${beyond}, the last is step ${count}`)
  }
  const guardrails = guardrailsOf(options)
  const { bake, minUsers, alpha, inFlight, deadMan, judgeLag } = options
  const plan = {
    id: options.id ?? defaultId(flag, terminal.nowMs()),
    ...{ flag, canary, control, preset, steps, guardrails, minUsers, alpha, inFlight },
    ...{ bakeMinutes: bake, deadManMinutes: deadMan, lagMinutes: judgeLag, alarms: alarm },
    approvals: approveSteps?.map((step) => step - 1),
  }
  // What was not said is absent: what is stored is what somebody wrote.
  return Object.fromEntries(Object.entries(plan).filter(([, value]) => value !== undefined)) as unknown as RolloutPlan
}

async function planIn(
  source: string,
  flag: string | undefined,
  options: PlanOptions,
  terminal: Terminal,
): Promise<RolloutPlan> {
  const more = NAMES.find((name) => name !== 'plan' && options[name] !== undefined)
  if (more !== undefined) {
    const option = more.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    throw new Failure('bad_input', `--plan is the whole plan: --${option} goes into it`)
  }
  const name = source === '-' ? 'standard input' : source
  let plan: unknown
  try {
    const text = source === '-' ? await terminal.readInput() : await readFile(source, 'utf8')
    plan = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (cause) {
    const what = cause instanceof SyntaxError ? 'is not JSON' : 'cannot be read'
    throw new Failure('bad_input', `${name} ${what}: ${messageOf(cause)}`, { cause })
  }
  if (typeof plan !== 'object' || plan === null || Array.isArray(plan)) {
    throw new Failure('bad_input', `${name} is no plan: it is no object with "flag", "canary", "control" and "steps"`)
  }
  const own = (plan as Partial<RolloutPlan>).flag
  if (flag !== undefined && own !== flag) {
    throw new Failure('bad_input', `The plan in ${name} is for ${JSON.stringify(own)}, not for "${flag}"`)
  }
  return plan as RolloutPlan
}

function guardrailsOf({
  slowUsers,
  maxErrorPercent,
  maxUnfinishedPercent,
}: PlanOptions): readonly Guardrail[] | undefined {
  const more: Guardrail[] = []
  if (slowUsers !== undefined) more.push({ kind: 'slow-users', alphaShare: slowUsers })
  if (maxErrorPercent !== undefined) more.push({ kind: 'error-rate', maxPercent: maxErrorPercent })
  if (maxUnfinishedPercent !== undefined) more.push({ kind: 'unfinished', maxPercent: maxUnfinishedPercent })
  if (more.length === 0) return undefined
  return [{ kind: 'errored-users', alphaShare: 1 - (slowUsers ?? 0) }, ...more]
}

/** A plan's id has 64 characters. */
function defaultId(flag: string, nowMs: number): string {
  return `${flag.slice(0, 53)}-${new Date(nowMs).toISOString().slice(0, 10)}`
}

function preset(text: string): string {
  if (presetSteps(text) !== undefined) return text
  throw new InvalidArgumentError(`There are ${Object.keys(CODEDEPLOY_PRESETS).join(', ')}.`)
}

/** `1@10m,10@30m,50@1h,100`. Whether they rise the plan's check says. */
function steps(text: string): readonly Step[] {
  const parts = text.split(',').map((part) => part.trim())
  return parts.map((part, index) => {
    const [percent = '', hold, ...more] = part.split('@')
    const isLast = index === parts.length - 1
    if (percent === '' || more.length > 0 || (hold === undefined && !isLast)) {
      throw new InvalidArgumentError(`"${part}" is no step: say 10@30m, and for the last one 100 alone.`)
    }
    try {
      return { percent: weightOfPercent(percent) / 1000, holdMinutes: hold === undefined ? 0 : minutes(hold) }
    } catch (error) {
      throw new InvalidArgumentError(`${messageOf(error).replace(/\.?$/, '.')}`)
    }
  })
}

function stepNumbers(text: string): readonly number[] {
  const numbers = text.split(',').map(Number)
  if (numbers.every((one) => Number.isInteger(one) && one > 0)) return [...new Set(numbers)].toSorted((a, b) => a - b)
  throw new InvalidArgumentError('It must be numbers of steps, counted from 1, with commas between.')
}

export function stepNumber(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be the number of a step, counted from 1.')
}

export function number(text: string): number {
  if (/^\d+(\.\d+)?(e-?\d+)?$/i.test(text.trim())) return Number(text)
  throw new InvalidArgumentError('It must be a number, 0 or more.')
}

function percentage(text: string): number {
  const value = number(text)
  if (value <= 100) return value
  throw new InvalidArgumentError('It must be a percentage, 0 to 100.')
}

function share(text: string): number {
  const value = number(text)
  if (value >= 0.01 && value <= 0.99) return value
  throw new InvalidArgumentError('It must be a share from 0.01 to 0.99: errored users have the rest.')
}

function minutes(text: string): number {
  // Of zero there is one only.
  return text === '0' ? 0 : duration(text) / 60
}

function gathered(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}
