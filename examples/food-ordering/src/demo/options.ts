import { parseArgs } from 'node:util'

export interface DemoOptions {
  readonly orders: number
  readonly users: number
  readonly percent: number
  readonly seed: number
  readonly json: boolean
}

/** The live page: `yes` instead of the comparison, `after` it where there is a terminal to leave it from, or `no`. */
export type Serving = 'yes' | 'after' | 'no'

export interface ServingOptions {
  readonly serving: Serving
  /** Orders a second. */
  readonly rate: number
  /** 0: any free one. */
  readonly port: number
}

/** Rollouts that judge themselves, instead of the comparison. */
export interface RolloutOptions {
  readonly users: number
  /** Orders a second. */
  readonly rate: number
  readonly seed: number
  readonly json: boolean
}

/** What a command line asks for. `error` is one line. */
export type CommandLine =
  | { readonly rollout: RolloutOptions }
  | { readonly options: DemoOptions; readonly page: ServingOptions }
  | { readonly help: string }
  | { readonly error: string }

export const HELP = `Runs the food-ordering chain on local engines, once with Waybill and once routed by weighted aliases.

Usage: pnpm demo [options]
On a terminal it then serves a live page of the chain, until Ctrl-C.

  --rollout     watch rollouts judge themselves instead, a minute of theirs in each second: a healthy canary comes through to
                100 %, then a faulty one is rolled back, and called back from the queues; about a minute in all
  --serve       serve the page at once, without the comparison
  --no-serve    end after the comparison, as without a terminal
  --port N      port of the page, 0 for any free one                    (default 0)
  --rate N      orders a second while the page is served, 1 to 50       (default 8; with --rollout 20)
  --orders N    orders to place with each way of routing, 20 to 100000  (default 2000)
  --users N     users who place them, 1 to 100000                       (default 500; with --rollout 1000)
  --percent P   share of the canary at the start, 1 to 100              (default 10)
  --seed S      seed of everything random here, 0 to 4294967295         (default 8)
  --json        the whole result as JSON on standard output
  --help        this text
`

const NUMBERS = {
  orders: { default: '2000', min: 20, max: 100_000 },
  users: { default: '500', min: 1, max: 100_000 },
  percent: { default: '10', min: 1, max: 100 },
  // With this one the seed case, which is too small for its luck to even out, comes out as 10 % means: 4 of 41 requests.
  seed: { default: '8', min: 0, max: 2 ** 32 - 1 },
  rate: { default: '8', min: 1, max: 50 },
  port: { default: '0', min: 0, max: 65_535 },
} as const

type NumberOption = keyof typeof NUMBERS

/** Many users, each of whom orders now and then: rollouts are judged by users. */
const ROLLOUT_DEFAULTS = { users: '1000', rate: '20' } as const

/** Reads the arguments after the script's name. */
export function readCommandLine(args: readonly string[]): CommandLine {
  try {
    const { values } = parseArgs({
      allowNegative: true,
      // `pnpm demo -- --orders 50` hands the dashes on.
      args: args[0] === '--' ? args.slice(1) : [...args],
      options: {
        orders: { type: 'string' },
        users: { type: 'string' },
        percent: { type: 'string' },
        seed: { type: 'string' },
        rate: { type: 'string' },
        port: { type: 'string' },
        json: { type: 'boolean', default: false },
        rollout: { type: 'boolean', default: false },
        serve: { type: 'boolean' },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) return { help: HELP }
    if (values.json && values.serve) throw new Error('--json is the result of a run that ends: leave out --serve')
    const number = (name: NumberOption): number => wholeNumber(name, values[name] ?? NUMBERS[name].default)
    if (values.rollout) {
      const other = (['serve', 'orders', 'percent', 'port'] as const).find((name) => values[name] !== undefined)
      if (other !== undefined) throw new Error(`--rollout sets percentages by itself, and ends: leave out --${other}`)
      const users = wholeNumber('users', values.users ?? ROLLOUT_DEFAULTS.users)
      const rate = wholeNumber('rate', values.rate ?? ROLLOUT_DEFAULTS.rate)
      return { rollout: { users, rate, seed: number('seed'), json: values.json } }
    }
    return {
      options: {
        orders: number('orders'),
        users: number('users'),
        percent: number('percent'),
        seed: number('seed'),
        json: values.json,
      },
      page: {
        serving: values.serve === true ? 'yes' : values.serve === undefined && !values.json ? 'after' : 'no',
        rate: number('rate'),
        port: number('port'),
      },
    }
  } catch (error) {
    const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
    return { error: `${line} (--help shows the options)` }
  }
}

function wholeNumber(name: NumberOption, text: string): number {
  const { min, max } = NUMBERS[name]
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new Error(`--${name} must be a whole number from ${min} to ${max}, not "${text}"`)
}
