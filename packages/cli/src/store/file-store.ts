import { mkdir, open, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { FlagData, PutOptions, SegmentData, StoredItems, StoreKind, VersionedItem } from '@waybill/flags'
import { Failure, messageOf } from '../failure.ts'
import { parseFlagFile } from '../flag-file.ts'
import type { Store } from './store.ts'

type Items = Readonly<Record<string, VersionedItem>>

/** Whoever writes holds the lock for milliseconds only. */
const LOCK_ATTEMPTS = 100
const LOCK_PAUSE_MS = 20

/**
 * Flags in LaunchDarkly's JSON, for local work; whatever is not a flag or a segment (the audit) goes into a file beside it,
 * `<path>.audit.json`. Several processes may write: a lock file makes each read, check and rename one step.
 */
export function fileStore(path: string): Store {
  const beside = `${path}.audit.json`
  const isFlagData = (kind: StoreKind): kind is 'features' | 'segments' => kind === 'features' || kind === 'segments'
  const nameOf = (kind: StoreKind): string => (kind === 'features' ? 'flags' : kind)
  const fileOf = (kind: StoreKind): string => (isFlagData(kind) ? path : beside)

  const itemsOf = async (kind: StoreKind): Promise<Items> => {
    if (kind === 'owners') return {}
    const whole = await readObject(fileOf(kind), isFlagData(kind))
    return (whole?.[nameOf(kind)] ?? {}) as Items
  }

  const change = async (kind: StoreKind, edit: (items: Items) => Items | undefined): Promise<'written' | 'stale'> =>
    locked(path, async () => {
      const whole = (await readObject(fileOf(kind), isFlagData(kind))) ?? {}
      const items = edit((whole[nameOf(kind)] ?? {}) as Items)
      if (items === undefined) return 'stale'
      await replaceFile(fileOf(kind), { ...whole, [nameOf(kind)]: items })
      return 'written'
    })

  return {
    readAll: async () => {
      const whole = await readObject(path, true)
      if (whole === undefined) return undefined
      const live = (items: unknown): Items =>
        Object.fromEntries(Object.entries((items ?? {}) as Items).filter(([, item]) => !item.deleted))
      return {
        flags: live(whole['flags']) as Readonly<Record<string, FlagData>>,
        segments: live(whole['segments']) as Readonly<Record<string, SegmentData>>,
      }
    },
    get: async <K extends StoreKind>(kind: K, key: string) => {
      const items = await itemsOf(kind)
      return (Object.hasOwn(items, key) ? items[key] : undefined) as StoredItems[K] | undefined
    },
    list: async <K extends StoreKind>(kind: K, { keyPrefix = '' }: { readonly keyPrefix?: string } = {}) =>
      Object.values(await itemsOf(kind))
        .filter((item) => !item.deleted && item.key.startsWith(keyPrefix))
        .sort((a, b) => (a.key < b.key ? -1 : 1)) as unknown as readonly StoredItems[K][],
    put: async (kind, item, { ifVersion }: PutOptions) => {
      if (kind === 'owners') throw new Failure('bad_input', 'A file has no owners: whoever can write it does')
      return change(kind, (items) => {
        const there = Object.hasOwn(items, item.key) ? items[item.key]?.version : undefined
        return (there ?? 'absent') === ifVersion ? { ...items, [item.key]: item } : undefined
      })
    },
    markFilled: async () => {
      await locked(path, async () => {
        if ((await readObject(path, true)) === undefined) await replaceFile(path, { flags: {}, segments: {} })
      })
    },
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
  await writeFile(next, `${JSON.stringify(data, null, 2)}\n`)
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
