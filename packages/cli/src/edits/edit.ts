import type { FlagData } from '@waybill/flags'

/** A flag with its variations' names, which LaunchDarkly's model has no place for and its SDKs pass over. */
export type NamedFlag = FlagData & { readonly variationNames?: readonly string[] }

/** A flag after an edit (its version is the store's affair), and what its editor should know besides. */
export interface Edited {
  readonly flag: NamedFlag
  readonly notes: readonly string[]
}
