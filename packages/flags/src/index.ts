export type { Evaluation, EvaluationReason } from './compile/evaluation.ts'
export { type Fall, fallOf } from './compile/rollout.ts'
export { type MemoryStoreOptions, memoryStore } from './memory-store.ts'
export type {
  Clause,
  FlagData,
  FlagSet,
  Rollout,
  Rule,
  SegmentData,
  SegmentRule,
  SegmentTarget,
  Target,
  VariationOrRollout,
  WeightedVariation,
} from './model.ts'
export { flagFault, segmentFault } from './parse.ts'
export {
  type RecallAuthor,
  type RecallChange,
  type RecallOrder,
  type RecallStore,
  type RecallStoreOptions,
  recallStore,
} from './recalls.ts'
export { compileRuleset, type Ruleset, type ValueType } from './ruleset.ts'
export { type CachedSourceOptions, cachedSource } from './sources/cached.ts'
export { withDeadline } from './sources/deadline.ts'
export { type FileSourceOptions, fileSource } from './sources/file.ts'
export type { FlagBuilder, NamedVariations } from './sources/flag-builder.ts'
export { type MemorySource, memorySource } from './sources/memory.ts'
export {
  beingFilled,
  type ChangeOutcome,
  type ChangesReport,
  checkWrite,
  type FlagChange,
  FlagDataError,
  type FlagDataErrorCode,
  type FlagDataErrorOptions,
  type FlagReader,
  type FlagSnapshot,
  type FlagStore,
  faultsOf,
  type ItemKind,
  isRefusal,
  noSuchFlag,
  notOwner,
  type StoredItem,
  type StoreMeta,
  summedRefusal,
} from './store.ts'
export { type NamedFlag, namesOf, variationNames } from './variation-names.ts'
export {
  type AuditItem,
  auditKey,
  type FlagOwner,
  type ListOptions,
  type OwnerItem,
  type PutOptions,
  type RecallItem,
  type RolloutItem,
  type StoredItems,
  type StoreKind,
  type VersionedItem,
  type VersionedStore,
} from './versioned-store.ts'
