import { SSMProvider } from '@aws-lambda-powertools/parameters/ssm'
import { type StoredKeys, type StoredKeysOptions, storedKeys, type TextProvider } from './stored-keys.ts'

export type { StoredKeys, StoredKeysStatus } from './stored-keys.ts'

export interface KeysFromParameterOptions extends StoredKeysOptions {
  /** An `SSMProvider` with a client of your own. Default: one whose requests end at `deadlineMs`. */
  readonly provider?: TextProvider
}

/**
 * Keys from a parameter of Systems Manager, a `SecureString` with the JSON
 * `{"signing":{"id","secret"},"verifying":[{"id","secret"}],"subjectSecret":"…"}`. Nothing is loaded before the first
 * request, or before `await keys.refresh()` where a module wants it earlier. Never rejects: without keys tokens are
 * counted as `no_keys`; with a store that fails the last good ones are used. Throws `bad_option` at set-up.
 *
 * @example
 * ```ts
 * const keys = keysFromParameter('/shop/waybill-keys', { ttlSeconds: 300 })
 * const handler = withHonouredDecisions(async () => flags.get('new-order-flow'), { flags, keys })
 * ```
 */
export function keysFromParameter(name: string, options: KeysFromParameterOptions = {}): StoredKeys {
  return storedKeys('keysFromParameter', name, (clientConfig) => new SSMProvider({ clientConfig }), options)
}
