import type { FlagData, FlagSet } from '../model.ts'
import type { FlagSnapshot } from '../store.ts'

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
