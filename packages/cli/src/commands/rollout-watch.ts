import { rolloutOperator } from '@waybill/rollout'
import { type Command, InvalidArgumentError } from 'commander'
import { checkKey } from '../edits/create.ts'
import { failureOf } from '../failure-of.ts'
import { styleFor } from '../render/text.ts'
import { jsonDisplay, lineDisplay, screenDisplay } from '../rollouts/displays.ts'
import { refuseFile } from '../rollouts/open-rollouts.ts'
import { type WatchEnd, type Watched, watchRollout } from '../rollouts/watching.ts'
import type { OpenStore } from '../store/store.ts'
import { onStore, type Session, type SharedOptions, seconds, storeFor } from './run-command.ts'

interface WatchOptions extends SharedOptions {
  readonly every: number
}

/** As a shell has it for what Ctrl-C ended. */
const INTERRUPTED = 130
const EXIT_CODES: Readonly<Record<WatchEnd, number>> = { complete: 0, 'rolled-back': 1, interrupted: INTERRUPTED }

const HELP = `
On a terminal it is drawn again and again; elsewhere each change is a line, and with --json one object a line.
It ends when the rollout does: 0 when it is complete, 1 when it is rolled back. Ctrl-C leaves with 130, and changes nothing.`

/** `waybill rollout watch`: a rollout, as it goes. */
export function watchCommand(session: Session): Command {
  return onStore('watch', 'look on while a rollout goes, until it is complete or rolled back')
    .argument('<flag>', 'its key')
    .option('--every <seconds>', 'how often it is looked at', often, 2)
    .addHelpText('after', HELP)
    .action((flag: string, options: WatchOptions) => watch(flag, options, session))
}

async function watch(flag: string, options: WatchOptions, session: Session): Promise<void> {
  const { terminal } = session
  refuseFile(options, session)
  checkKey(flag)
  const interrupted = terminal.interrupted()
  const style = styleFor(terminal.colours)
  const store = new Reopened(() => storeFor(options, terminal.env))
  const watched = await watchedIn(flag, store)
  const screen = terminal.isScreen && !options.json ? screenDisplay(terminal, watched.storeName, style) : undefined
  const display = screen ?? (options.json ? jsonDisplay(terminal) : lineDisplay(terminal, style))
  try {
    const end = await watchRollout(flag, watched, display, terminal, { everyMs: options.every * 1000, interrupted })
    session.exit(EXIT_CODES[end])
  } finally {
    screen?.close()
    store.close()
  }
}

async function watchedIn(flag: string, store: Reopened): Promise<Watched> {
  const storeName = await store.use(async ({ name }) => name)
  return {
    storeName,
    look: () =>
      store.use(async (open) => {
        const [rollout, data] = await Promise.all([
          rolloutOperator({ store: open.store }).get(flag),
          open.store.get('features', flag),
        ])
        return { rollout, flag: data }
      }),
    history: () => store.use((open) => rolloutOperator({ store: open.store }).history(flag)),
  }
}

/** A store that is opened anew after a failure: a client of Redis gives up for good after a while. */
class Reopened {
  readonly #open: () => Promise<OpenStore>
  #current: OpenStore | undefined

  constructor(open: () => Promise<OpenStore>) {
    this.#open = open
  }

  async use<T>(work: (store: OpenStore) => Promise<T>): Promise<T> {
    this.#current ??= await this.#open()
    const { name } = this.#current
    try {
      return await work(this.#current)
    } catch (error) {
      this.close()
      throw failureOf(error, name)
    }
  }

  close(): void {
    this.#current?.close()
    this.#current = undefined
  }
}

function often(text: string): number {
  const value = seconds(text)
  // Each look is two reads.
  if (value >= 0.1) return value
  throw new InvalidArgumentError('It must be a tenth of a second, or longer.')
}
