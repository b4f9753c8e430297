import type { NamedFlag } from '@waybill/flags'

/** A flag after an edit (its version is the store's affair), and what its editor should know besides. */
export interface Edited {
  readonly flag: NamedFlag
  readonly notes: readonly string[]
}
