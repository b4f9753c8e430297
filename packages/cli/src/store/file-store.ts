import { mkdir, open, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import {
  checkWrite,
  faultsOf,
  type ItemKind,
  type PutOptions,
  type StoredItems,
  type StoreKind,
  type VersionedItem,
} from '@waybill/flags'
import { Failure, messageOf } from '../failure.ts'
import { parseFlagFile } from '../flag-file.ts'
import type { Store } from './store.ts'

type Whole = Readonly<Record<string, unknown>>
/** A Map, since a flag may be called `__proto__`. */
type Items = Map<string, VersionedItem>

/** Whoever writes holds the lock for milliseconds only. */
const LOCK_ATTEMPTS = 100
const LOCK_PAUSE_MS = 20

const isFlagData = (kind: StoreKind): kind is ItemKind => kind === 'features' || kind === 'segments'
const nameOf = (kind: StoreKind): string => (kind === 'features' ? 'flags' : kind)
const itemsIn = (whole: Whole | undefined, kind: StoreKind): Items =>
  new Map(Object.entries((whole?.[nameOf(kind)] ?? {}) as Readonly<Record<string, VersionedItem>>))

/**
 * Flags in LaunchDarkly's JSON, for local work; whatever is not a flag or a segment (the audit) goes into a file beside it,
 * `<path>.audit.json`. Several processes may write: a lock file makes each read, check and rename one step.
 */
export function fileStore(path: string): Store {
  const beside = `${path}.audit.json`
  const read = async (kind: StoreKind): Promise<Items> => {
    // Whoever can write a file owns what is in it.
    if (kind === 'owners') return new Map()
    return itemsIn(await readObject(isFlagData(kind) ? path : beside, isFlagData(kind)), kind)
  }

  /** Writes what is not stale, all records before the first item. */
  const write = async (writes: readonly Write[]): Promise<readonly ('written' | 'stale')[]> =>
    locked(path, async () => {
      const data = new Pending(await readObject(path, true))
      const others = new Pending(await readObject(beside, false))
      const outcomes = writes.map(({ kind, item, ifVersion, record }) => {
        const items = (isFlagData(kind) ? data : others).items(kind)
        if ((items.get(item.key)?.version ?? 'absent') !== ifVersion) return 'stale'
        if (record !== undefined) others.items('audit').set(record.key, record)
        items.set(item.key, item)
        return 'written'
      })
      if (outcomes.includes('written')) {
        if (others.isTouched) await replaceFile(beside, others.whole())
        if (data.isTouched) await replaceFile(path, data.whole())
      }
      return outcomes
    })

  return {
    readAll: async () => {
      const whole = await readObject(path, true)
      if (whole === undefined) return undefined
      const live = (kind: ItemKind) => Object.fromEntries([...itemsIn(whole, kind)].filter(([, item]) => !item.deleted))
      return { flags: live('features'), segments: live('segments') }
    },
    get: async <K extends StoreKind>(kind: K, key: string) => (await read(kind)).get(key) as StoredItems[K] | undefined,
    list: async <K extends StoreKind>(kind: K, { keyPrefix = '' }: { readonly keyPrefix?: string } = {}) =>
      [...(await read(kind)).values()]
        .filter((item) => !item.deleted && item.key.startsWith(keyPrefix))
        .sort((a, b) => (a.key < b.key ? -1 : 1)) as unknown as readonly StoredItems[K][],
    put: async (kind, item, options) => {
      if (kind === 'owners') throw new Failure('bad_input', 'A file has no owners: whoever can write it does')
      checkWrite(kind, item, options.ifVersion)
      const [outcome = 'stale'] = await write([{ kind, item, ...options }])
      return outcome
    },
    putAll: async (changes) => {
      const faults = faultsOf(changes)
      const outcomes = (await write(changes.filter((_, index) => !faults.has(index)))).values()
      return {
        outcomes: changes.map((_, index) => {
          const error = faults.get(index)
          return error ? { status: 'refused', error } : { status: outcomes.next().value ?? 'unknown' }
        }),
      }
    },
    markFilled: async () => {
      await locked(path, async () => {
        if ((await readObject(path, true)) === undefined) await replaceFile(path, { flags: {}, segments: {} })
      })
    },
  }
}

interface Write extends PutOptions {
  readonly kind: StoreKind
  readonly item: VersionedItem
}

/** A file's content while it is being changed. */
class Pending {
  readonly #whole: Whole
  readonly #items = new Map<StoreKind, Items>()

  constructor(whole: Whole = {}) {
    this.#whole = whole
  }

  items(kind: StoreKind): Items {
    const items = this.#items.get(kind) ?? itemsIn(this.#whole, kind)
    this.#items.set(kind, items)
    return items
  }

  get isTouched(): boolean {
    return this.#items.size > 0
  }

  whole(): Whole {
    const changed = [...this.#items].map(([kind, items]) => [nameOf(kind), Object.fromEntries(items)] as const)
    return { ...this.#whole, ...Object.fromEntries(changed) }
  }
}

async function readObject(path: string, flagData: boolean): Promise<Readonly<Record<string, unknown>> | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Failure('bad_input', `${path} cannot be read: ${messageOf(cause)}`, { cause })
  }
  if (flagData) return parseFlagFile(text, path).whole
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>
  } catch (cause) {
    throw new Failure('bad_input', `${path} is not JSON: ${messageOf(cause)}`, { cause })
  }
}

/** Whole or not at all: whoever reads meanwhile sees the old file. A symbolic link stays one. */
async function replaceFile(path: string, data: unknown): Promise<void> {
  const target = await realpath(path).catch(() => path)
  const next = `${target}.${process.pid}.tmp`
  // Whoever may not read the old one may not read the new one.
  const mode = (await stat(target).catch(() => undefined))?.mode
  await writeFile(next, `${JSON.stringify(data, null, 2)}\n`, mode === undefined ? {} : { mode })
  await rename(next, target)
}

async function locked<T>(path: string, run: () => Promise<T>): Promise<T> {
  const lock = `${path}.lock`
  await mkdir(dirname(path), { recursive: true })
  for (let attempt = 0; ; attempt += 1) {
    try {
      await (await open(lock, 'wx')).close()
      break
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw new Failure('store_unavailable', `${path} cannot be written: ${messageOf(cause)}`, { cause })
      }
      if (attempt === LOCK_ATTEMPTS) {
        throw new Failure(
          'store_unavailable',
          `${path} is being written by another waybill; if none runs, remove ${lock}`,
        )
      }
      await pause(LOCK_PAUSE_MS)
    }
  }
  try {
    return await run()
  } finally {
    await rm(lock, { force: true })
  }
}
