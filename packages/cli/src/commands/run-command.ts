import { Command, InvalidArgumentError, Option } from 'commander'
import { failureOf } from '../failure-of.ts'
import { type Style, styleFor } from '../render/text.ts'
import { openStore, type StoreOptions } from '../store/open-store.ts'
import type { OpenStore, Store } from '../store/store.ts'
import { withDeadline } from '../store/with-deadline.ts'
import type { Terminal } from '../terminal.ts'

/** What a command found or did: as data for `--json`, as text for people. */
export interface Report {
  readonly json: unknown
  readonly text: (style: Style) => string
  /** Default 0. */
  readonly exitCode?: 0 | 1
}

/** What the command line is run with: the world, and where the exit code goes. */
export interface Session {
  readonly terminal: Terminal
  exit(code: number): void
}

export interface SharedOptions extends StoreOptions {
  readonly json?: boolean
  readonly timeoutSeconds: number
}

export interface StoreContext {
  readonly store: Store
  readonly storeName: string
  readonly terminal: Terminal
}

/** A command that prints a report. */
export function reporting(name: string, description: string): Command {
  return new Command(name).description(description).option('--json', 'print JSON, and errors as JSON too')
}

/** A command that needs a store. */
export function onStore(name: string, description: string): Command {
  return reporting(name, description)
    .option('--table <name>', 'DynamoDB table with the flags (or WAYBILL_TABLE)')
    .option('--redis <url>', 'Redis server with the flags, instead of a table (or WAYBILL_REDIS)')
    .option('--prefix <prefix>', 'prefix of the environment in the table or in Redis (or WAYBILL_PREFIX)')
    .option('--file <path>', 'JSON file with the flags, instead of a table (or WAYBILL_FILE)')
    .addOption(
      new Option('--timeout-seconds <seconds>', 'give up when the store does not answer')
        .default(10)
        .argParser(seconds),
    )
}

/** Prints what a command reports. */
export async function show(
  { terminal, exit }: Session,
  options: { readonly json?: boolean },
  report: Report | Promise<Report>,
): Promise<void> {
  const { json, text, exitCode = 0 } = await report
  terminal.out(options.json ? JSON.stringify(json, null, 2) : text(styleFor(terminal.colours)))
  exit(exitCode)
}

/** Opens the store that the command line names. Whoever opens it closes it. */
export async function storeFor(options: SharedOptions, env: Terminal['env']): Promise<OpenStore> {
  return withDeadline(await openStore(chosen(options, env), options.timeoutSeconds), options.timeoutSeconds)
}

/** Opens the store, does the work, prints what it reports. */
export async function showFromStore(
  session: Session,
  options: SharedOptions,
  work: (context: StoreContext) => Promise<Report>,
): Promise<void> {
  const { terminal } = session
  const { store, name, close } = await storeFor(options, terminal.env)
  try {
    await show(session, options, work({ store, storeName: name, terminal }))
  } catch (error) {
    throw failureOf(error, name)
  } finally {
    close()
  }
}

/** A store named on the line beats the environment's: whoever says --file does not mean WAYBILL_TABLE as well. */
function chosen({ table, redis, prefix, file }: StoreOptions, env: Terminal['env']): StoreOptions {
  const isNamed = [table, redis, file].some((name) => name !== undefined)
  const fromEnv = (name: string): string | undefined => env[name] || undefined
  const stores = isNamed
    ? { table, redis, file }
    : { table: fromEnv('WAYBILL_TABLE'), redis: fromEnv('WAYBILL_REDIS'), file: fromEnv('WAYBILL_FILE') }
  const prefixed = prefix ?? (stores.file === undefined ? fromEnv('WAYBILL_PREFIX') : undefined)
  const said = Object.entries({ ...stores, prefix: prefixed }).filter(([, value]) => value !== undefined)
  return Object.fromEntries(said)
}

/** Whether the command line, or the environment, names a file and nothing else. */
export function namesFile(options: StoreOptions, env: Terminal['env']): boolean {
  const { table, redis, file } = chosen(options, env)
  return Boolean(file) && !table && !redis
}

const MAX_SECONDS = 3600

export function seconds(text: string): number {
  const value = Number(text)
  if (value > 0 && value <= MAX_SECONDS) return value
  throw new InvalidArgumentError(`It must be seconds, above 0 and at most ${MAX_SECONDS}.`)
}

export function wholeNumber(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number, 0 or more, of at most 15 digits.')
}
