import type { FlagStore } from '@waybill/flags'

/** What commands need of a store: one of `@waybill/dynamodb`, or a file. */
export interface Store extends Pick<FlagStore, 'readAll' | 'get' | 'list' | 'put'> {
  /** Readers take a store that was never filled for one that is down: whoever writes the first flag marks it as filled. */
  markFilled(): Promise<void>
}

/** A store that was opened for one command. */
export interface OpenStore {
  readonly store: Store
  /** As a person would call it, in messages. */
  readonly name: string
  close(): void
}
