import { isWaybillError } from '@waybill/core'
import { Failure, type FailureCode, messageOf } from './failure.ts'

/** What AWS and Node call their errors. */
const REFUSED =
  /AccessDenied|NotAuthorized|UnrecognizedClient|InvalidSignature|ExpiredToken|InvalidAccessKey|InvalidClientToken/
const UNREACHABLE =
  /ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EPIPE|ETIMEDOUT|TimeoutError|AbortError/

const OF_STORE: Readonly<Record<string, FailureCode>> = {
  bad_flag_data: 'bad_input',
  bad_version: 'bad_input',
  item_too_large: 'refused',
  not_owner: 'refused',
}

/** A flag that a rollout cannot have now may be one that it can have later. */
const OF_ROLLOUT: Readonly<Record<string, FailureCode>> = {
  no_rollout: 'not_found',
  bad_phase: 'refused',
  bad_flag: 'refused',
  bad_rollout: 'refused',
  conflict: 'conflict',
}

/** Any error as a failure of the command, in words for the person who typed it. */
export function failureOf(error: unknown, storeName: string): Failure {
  if (error instanceof Failure) return error
  const { name, code, cause } = (error ?? {}) as {
    readonly name?: string
    readonly code?: unknown
    readonly cause?: unknown
  }
  const message = messageOf(error)
  const because = (failure: FailureCode, text: string): Failure => new Failure(failure, text, { cause: error })
  if (isWaybillError(error)) return because('bad_input', message.replace(` [${error.code}]`, ''))
  if (name === 'FlagDataError') {
    // A store that could not be reached says why in its cause.
    if (code === 'store_unavailable' && cause !== undefined) return failureOf(cause, storeName)
    return because(OF_STORE[String(code)] ?? 'store_unavailable', message.replace(` [${code}]`, ''))
  }
  if (name === 'RolloutError') {
    return because(OF_ROLLOUT[String(code)] ?? 'failed', message.replace(` [${code}]`, ''))
  }
  // Ours, and no store's.
  if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) {
    return because('failed', `waybill itself failed, and that is a bug: ${name}: ${message}`)
  }
  // As a table name that cannot be one, or a table with other keys.
  if (name === 'ValidationException') return because('bad_input', `AWS refuses the request to ${storeName}: ${message}`)
  if (name === 'ResourceNotFoundException') {
    return because('not_found', `There is no ${storeName} in this account and region`)
  }
  if (name === 'CredentialsProviderError' || name === 'TokenProviderError') {
    return because('store_unavailable', `No AWS credentials: ${message}`)
  }
  if (/^Region (is missing|not accepted)/.test(message))
    return because('store_unavailable', `No AWS region: set AWS_REGION (${message})`)
  const signs = `${name} ${String(code)}`
  if (REFUSED.test(signs)) return because('refused', `AWS refuses access to ${storeName}: ${message}`)
  if (/^(NOPERM|NOAUTH|WRONGPASS) /.test(message)) {
    return because('refused', `Redis refuses access to ${storeName}: ${message}`)
  }
  if (UNREACHABLE.test(signs)) {
    // Node tries several addresses, and says of the lot nothing but a code.
    const why = message === '' || message === 'AggregateError' ? String(code) : message
    return because('store_unavailable', `The store (${storeName}) cannot be reached: ${why}`)
  }
  return because('store_unavailable', `The store (${storeName}) failed: ${name ?? 'Error'}: ${message}`)
}
