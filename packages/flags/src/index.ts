export type { EvaluationReason } from './compile/flag.ts'
export { memoryStore } from './memory-store.ts'
export type {
  Clause,
  FlagData,
  FlagSet,
  Rollout,
  Rule,
  SegmentData,
  Target,
  VariationOrRollout,
  WeightedVariation,
} from './model.ts'
export { compileRuleset, type Evaluation, type Ruleset } from './ruleset.ts'
export { type CachedSourceOptions, cachedSource } from './sources/cached.ts'
export { type FileSourceOptions, fileSource } from './sources/file.ts'
export { type MemorySource, memorySource } from './sources/memory.ts'
export { FlagDataError, type FlagDataErrorCode, type FlagStore, type ItemKind, type StoredItem } from './store.ts'
export { variationNames } from './variation-names.ts'
