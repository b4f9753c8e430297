import { readFile, writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { type Contents, comparison } from '../comparison.ts'
import { Failure, messageOf } from '../failure.ts'
import { type FlagFile, parseFlagFile } from '../flag-file.ts'
import { importAll } from '../import-all.ts'
import { comparisonLines, importLines } from '../render/transfer.ts'
import type { Store } from '../store/store.ts'
import type { Terminal } from '../terminal.ts'
import { authorOf, type ChangeOptions, changing } from './edit-flag.ts'
import { onStore, type Session, type SharedOptions, showFromStore } from './run-command.ts'

/** The commands between a store and a file in LaunchDarkly's JSON. */
export function transferCommands(session: Session): readonly Command[] {
  return [importCommand(session), exportCommand(session), diffCommand(session)]
}

function importCommand(session: Session): Command {
  return changing('import', 'write the flags and segments of a LaunchDarkly JSON file into the store')
    .argument('<source>', 'the file, or - for standard input')
    .addHelpText('after', '\nWhat is not in the file stays as it is. What is the same already is not written again.')
    .action((source: string, options: ChangeOptions) =>
      showFromStore(session, options, async ({ store, storeName, terminal }) => {
        const author = authorOf(options, terminal)
        const file = await readFlagFile(source, terminal)
        const outcomes = await importAll(store, file, author, {
          dryRun: options.dryRun ?? false,
          storeName,
          unique: () => terminal.random(6),
        })
        return {
          json: { dryRun: options.dryRun ?? false, items: outcomes },
          text: (style) => importLines(outcomes, storeName, options.dryRun ?? false, style),
          exitCode: outcomes.some(({ status }) => status === 'refused') ? 1 : 0,
        }
      }),
    )
}

interface ExportOptions extends SharedOptions {
  readonly output?: string
  readonly force?: boolean
}

function exportCommand(session: Session): Command {
  return onStore('export', 'print all flags and segments as LaunchDarkly JSON')
    .option('--output <path>', 'write it into this file instead')
    .option('--force', 'also when the file is there already')
    .action((options: ExportOptions) =>
      showFromStore(session, options, async ({ store, storeName }) => {
        const { flags, segments } = await everything(store, storeName)
        const { output, force = false } = options
        const data = { flags, segments }
        if (output === undefined) return { json: data, text: () => JSON.stringify(data, null, 2) }
        await writeNew(output, `${JSON.stringify(data, null, 2)}\n`, force)
        const counts = { flags: Object.keys(flags).length, segments: Object.keys(segments).length }
        return {
          json: { output, ...counts },
          text: () => `${counts.flags} flags and ${counts.segments} segments of ${storeName} are in ${output}.`,
        }
      }),
    )
}

interface DiffOptions extends SharedOptions {
  readonly exitCode?: boolean
}

function diffCommand(session: Session): Command {
  return onStore('diff', 'show what an import of a file would change: - in the store, + in the file')
    .argument('<source>', 'the file, or - for standard input')
    .option('--exit-code', 'end with 1 when there are differences')
    .action((source: string, options: DiffOptions) =>
      showFromStore(session, options, async ({ store, terminal }) => {
        const file = await readFlagFile(source, terminal)
        const held = (await store.readAll()) ?? { flags: {}, segments: {} }
        const differing = comparison({ flags: held.flags, segments: held.segments ?? {} }, file)
        return {
          json: differing,
          text: (style) => comparisonLines(differing, style),
          exitCode: options.exitCode && differing.length > 0 ? 1 : 0,
        }
      }),
    )
}

async function everything(store: Store, storeName: string): Promise<Contents> {
  const held = await store.readAll()
  if (held === undefined)
    throw new Failure('not_found', `Nothing was ever written to ${storeName}: import or create first`)
  if (held.inFlux) {
    const message = `${storeName} is being written at this very moment, or an import was broken off: try again, or repeat that`
    throw new Failure('conflict', message)
  }
  return { flags: held.flags, segments: held.segments ?? {} }
}

async function readFlagFile(source: string, terminal: Terminal): Promise<FlagFile> {
  if (source === '-') return parseFlagFile(await terminal.readInput(), 'standard input')
  let text: string
  try {
    text = await readFile(source, 'utf8')
  } catch (cause) {
    throw new Failure('bad_input', `${source} cannot be read: ${messageOf(cause)}`, { cause })
  }
  return parseFlagFile(text, source)
}

async function writeNew(path: string, text: string, force: boolean): Promise<void> {
  try {
    await writeFile(path, text, { flag: force ? 'w' : 'wx' })
  } catch (cause) {
    const there = (cause as NodeJS.ErrnoException).code === 'EEXIST'
    throw new Failure('bad_input', there ? `${path} is there already: say --force to replace it` : messageOf(cause), {
      cause,
    })
  }
}
