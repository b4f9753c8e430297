export { extractTokens } from './carriers/arrivals.ts'
export { COUNTS } from './counts.ts'
export { currentWaybill, runWithWaybill, withDecisions } from './current.ts'
export type { Cause, Decision, Origin, Reason } from './decision.ts'
export type { DeclaredFlag, FlagDeclaration, WhenExpired } from './declared-flag.ts'
export { type DeclaredFlags, declareFlags, type FlagDeclarations, type FlagValue } from './declared-flags.ts'
export { isWaybillError, WaybillError, type WaybillErrorCode } from './errors.ts'
export { canonicalJson, type JsonValue, jsonKind, sameJson } from './json.ts'
export type { KeySource } from './key-source.ts'
export {
  type KeyInput,
  type KeyRing,
  type KeyRingInput,
  keyRing,
  keysFromEnvironment,
  unsignedKeysForLocalUse,
} from './keys.ts'
export type { CountCode, Counts } from './ledger.ts'
export { type EdgeOptions, type EventOrRecord, edgeLifecycle } from './lifecycle/edge.ts'
export { type InnerLifecycle, type InnerOptions, innerLifecycle } from './lifecycle/inner.ts'
export { type InboundMode, type InboundModes, inboundModes } from './lifecycle/modes.ts'
export type { HonourOptions, LifecycleOptions } from './lifecycle/options.ts'
export { acceptOverrides, type OverridePolicy } from './lifecycle/overrides.ts'
export { type PinOptions, type PinPolicy, type PinStore, pinDecisions } from './lifecycle/pin.ts'
export { type RecordProcessor, scopeRecords, withRecordScope } from './lifecycle/record.ts'
export { evaluateExpired, type Reevaluation, type ReevaluationOptions } from './lifecycle/reevaluate.ts'
export { withEvaluatedFlags, withHonouredDecisions } from './lifecycle/wrap.ts'
export { type MergedWaybill, type MergePolicy, mergeWaybills } from './merge.ts'
export type { ObservedScope, Observer, ScopeReport } from './observer.ts'
export {
  type AffectedUser,
  type AffectedUsers,
  type AffectedUsersOptions,
  type AffectedUserTotal,
  affectedUsers,
} from './observers/affected-users.ts'
export { observedScope } from './observers/observed-scope.ts'
export { bindWaybill } from './outgoing/bind.ts'
export { type SdkClient, type StampOptions, stampClient } from './outgoing/client.ts'
export { type ReadableDecision, type StampedEvent, stampEvent } from './outgoing/event.ts'
export { type StampFetchOptions, stampFetch } from './outgoing/fetch.ts'
export type { Target } from './outgoing/targets.ts'
export {
  type TransformedRecord,
  type TransformedRecordOptions,
  transformedRecord,
} from './outgoing/transformed-record.ts'
export { type EventRefusal, type VerifiedEvent, type VerifyEventOptions, verifyEvent } from './outgoing/verify-event.ts'
export { type Outcome, type Passage, scopeStorage } from './scope.ts'
export type {
  EvaluationContext,
  FlagSource,
  MultiContext,
  Recall,
  RecallSource,
  SingleContext,
  SourceAnswer,
  SourceDecision,
} from './source.ts'
export { canonicalKey } from './subject.ts'
export { DIMENSION_NAMES, METRIC_NAMES, METRICS_NAMESPACE, OTHER_VARIATION } from './telemetry-names.ts'
export { type Expectations, type OpenedToken, openToken, type Refusal } from './token/open.ts'
export {
  type OpenedOverride,
  type OverrideExpectations,
  type OverrideInput,
  openOverride,
  sealOverride,
} from './token/override.ts'
export { type SealedToken, type SealOptions, sealToken } from './token/seal.ts'
export { createWaybill, type DecisionInput, type Waybill } from './waybill.ts'
