import {
  ErrorCode,
  type FlagValue,
  type JsonValue,
  type Provider,
  type ResolutionDetails,
  StandardResolutionReasons,
} from '@openfeature/server-sdk'
import { type Decision, jsonKind, scopeStorage } from '@waybill/core'
import { openFeatureReason } from './reasons.ts'

/**
 * An OpenFeature provider that answers from the waybill of the current scope: existing clients honour the decisions that
 * were made at the edge. Reason `CACHED`, the variation as `variant`, and in `flagMetadata` the `version`, our own `reason`
 * and `origin`. The client's own context says nothing here: whom a flag is decided for was settled at the edge.
 *
 * What nobody decided is `FLAG_NOT_FOUND`, so that the next provider of a `MultiProvider` with `FirstMatchStrategy` is
 * asked; a declared default that was decided is an answer like any other.
 *
 * @example
 * ```ts
 * await OpenFeature.setProviderAndWait(waybillProvider())
 * const client = OpenFeature.getClient()
 * // In a handler under honourDecisions: what the edge decided.
 * await client.getBooleanValue('new-order-flow', false)
 * ```
 */
export function waybillProvider(): Provider {
  return {
    metadata: { name: 'waybill' },
    runsOn: 'server',
    resolveBooleanEvaluation: async (key, otherwise) => resolved(key, otherwise, 'boolean'),
    resolveStringEvaluation: async (key, otherwise) => resolved(key, otherwise, 'string'),
    resolveNumberEvaluation: async (key, otherwise) => resolved(key, otherwise, 'number'),
    resolveObjectEvaluation: async <T extends JsonValue>(key: string, otherwise: T) =>
      resolved(key, otherwise, 'object'),
  }
}

type Kind = 'boolean' | 'string' | 'number' | 'object'

function resolved<T extends FlagValue>(key: string, otherwise: T, kind: Kind): ResolutionDetails<T> {
  const decision = currentDecision(key)
  if (decision === undefined || decision.cause === 'undecided' || decision.cause === 'refused') {
    const why = decision === undefined ? 'no waybill is current, or it says nothing of it' : `it is ${decision.cause}`
    return failure(otherwise, ErrorCode.FLAG_NOT_FOUND, `Flag "${key}": ${why}`)
  }
  const { value, variation, version, reason, origin, digest } = decision
  if (digest !== undefined && value === null) {
    // Not FLAG_NOT_FOUND: it was decided, and the next provider would decide it again.
    const why = 'its value was too large to travel: declare it in this function'
    return failure(otherwise, ErrorCode.GENERAL, `Flag "${key}": ${why}`)
  }
  if (!isOf(kind, value)) {
    return failure(otherwise, ErrorCode.TYPE_MISMATCH, `Flag "${key}" is ${jsonKind(value)}, not ${kind}`)
  }
  return {
    // A copy: OpenFeature's types let a client write into what it gets, and the decision is stamped onto what is sent.
    value: structuredClone(value) as T,
    variant: variation,
    reason: openFeatureReason(decision),
    flagMetadata: { version, reason, origin },
  }
}

/** As `flags.get` would read it where this function declares the flag; else as it travels. */
function currentDecision(key: string): Decision | undefined {
  const scope = scopeStorage.getStore()
  if (scope === undefined) return undefined
  const declared = scope.settings.flags.find((flag) => flag.key === key)
  return declared === undefined ? scope.waybill()?.decisions.get(key) : scope.decision(declared)
}

/** OpenFeature's object is any structure, and also a list, and null. */
function isOf(kind: Kind, value: unknown): boolean {
  return typeof value === kind
}

function failure<T>(value: T, errorCode: ErrorCode, errorMessage: string): ResolutionDetails<T> {
  return { value, reason: StandardResolutionReasons.ERROR, errorCode, errorMessage }
}
