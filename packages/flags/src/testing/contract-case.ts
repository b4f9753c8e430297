import { deepStrictEqual } from 'node:assert/strict'
import type { FlagData, FlagSet } from '../model.ts'
import type { FlagSnapshot, FlagStore } from '../store.ts'

/** One promise that a store makes. `run` rejects when it is broken. */
export interface ContractCase {
  readonly name: string
  readonly run: () => Promise<void>
}

export const flag = (key: string, version: number, more: object = {}): FlagData => ({ key, version, on: true, ...more })

export const contentOf = (snapshot: FlagSnapshot | undefined): FlagSet | undefined =>
  snapshot && { flags: snapshot.flags, segments: snapshot.segments ?? {} }

/** What JSON keeps of it. */
export const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

/** The meta, where there is one, names what is there. */
export async function settled(store: FlagStore): Promise<void> {
  const snapshot = await store.readAll()
  deepStrictEqual([snapshot?.meta, snapshot?.inFlux], [await store.readMeta?.(), undefined])
}
