import type { FlagStore } from '@waybill/flags'

/** What commands need of a store: one of `@waybill/dynamodb` or `@waybill/redis`, or a file. */
export type Store = Pick<FlagStore, 'readAll' | 'get' | 'list' | 'put' | 'putAll' | 'markFilled'>

/** A store that was opened for one command. */
export interface OpenStore {
  readonly store: Store
  /** As a person would call it, in messages. */
  readonly name: string
  close(): void
}
