import type { EvaluationContext as OpenFeatureContext } from '@openfeature/server-sdk'
import { type Client, ErrorCode, type EvaluationDetails, type FlagValue } from '@openfeature/server-sdk'
import { type Cause, type DeclaredFlag, type JsonValue, jsonKind, type SourceDecision } from '@waybill/core'
import { isBucketed, reasonOf } from './reasons.ts'

export type Answered = SourceDecision | { readonly cause: Cause }

/** What a provider says of one flag. Clients of OpenFeature answer errors with the default, and do not reject. */
export async function answerTo(client: Client, flag: DeclaredFlag, context: OpenFeatureContext): Promise<Answered> {
  const details = await evaluated(client, flag, context)
  const cause = causeIn(details)
  if (cause !== undefined) return { cause }
  return {
    value: details.value as JsonValue,
    variation: details.variant ?? '',
    version: versionIn(details),
    reason: reasonOf(details),
    bucketed: isBucketed(details),
  }
}

function evaluated(
  client: Client,
  { key, defaultValue }: DeclaredFlag,
  context: OpenFeatureContext,
): Promise<EvaluationDetails<FlagValue>> {
  switch (jsonKind(defaultValue)) {
    case 'boolean':
      return client.getBooleanDetails(key, defaultValue as boolean, context)
    case 'string':
      return client.getStringDetails(key, defaultValue as string, context)
    case 'number':
      return client.getNumberDetails(key, defaultValue as number, context)
    default:
      return client.getObjectDetails(key, defaultValue as never, context)
  }
}

/** Where providers put a flag's version, as far as they do: https://openfeature.dev/specification/appendix-d */
function versionIn({ flagMetadata }: EvaluationDetails<FlagValue>): number {
  const said = flagMetadata['version']
  const version = typeof said === 'boolean' ? 0 : Number(said)
  return Number.isSafeInteger(version) && version >= 0 ? version : 0
}

const CODES: ReadonlySet<string> = new Set(Object.values(ErrorCode))

/** Some providers answer an error with the default and a reason that says so, and leave the code out. */
function causeIn({ errorCode, reason }: EvaluationDetails<FlagValue>): Cause | undefined {
  if (errorCode !== undefined) return causeOf(errorCode)
  if (reason === 'ERROR') return 'source_failed'
  return reason !== undefined && CODES.has(reason) ? causeOf(reason as ErrorCode) : undefined
}

/** https://openfeature.dev/specification/types#error-code */
function causeOf(code: ErrorCode): Cause {
  switch (code) {
    case ErrorCode.FLAG_NOT_FOUND:
      return 'flag_not_found'
    case ErrorCode.TYPE_MISMATCH:
      return 'wrong_type'
    case ErrorCode.PARSE_ERROR:
      return 'malformed_flag'
    case ErrorCode.TARGETING_KEY_MISSING:
    case ErrorCode.INVALID_CONTEXT:
      return 'no_subject'
    case ErrorCode.PROVIDER_NOT_READY:
    case ErrorCode.PROVIDER_FATAL:
      return 'source_unavailable'
    default:
      return 'source_failed'
  }
}
