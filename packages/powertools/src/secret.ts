import { SecretsProvider } from '@aws-lambda-powertools/parameters/secrets'
import { type StoredKeys, type StoredKeysOptions, storedKeys, type TextProvider } from './stored-keys.ts'

export type { StoredKeys, StoredKeysStatus } from './stored-keys.ts'

export interface KeysFromSecretOptions extends StoredKeysOptions {
  /** A `SecretsProvider` with a client of your own. Default: one whose requests end at `deadlineMs`. */
  readonly provider?: TextProvider
}

/**
 * Keys from a secret of Secrets Manager, by name or (from another account) by its ARN: the current version's text, the JSON
 * `{"signing":{"id","secret"},"verifying":[{"id","secret"}],"subjectSecret":"…"}`. Nothing is loaded before the first
 * request, or before `await keys.refresh()` where a module wants it earlier. Never rejects: without keys tokens are
 * counted as `no_keys`; with a store that fails the last good ones are used. Throws `bad_option` at set-up.
 *
 * @example
 * ```ts
 * const keys = keysFromSecret('shop/waybill-keys', { ttlSeconds: 300 })
 * const handler = withHonouredDecisions(async () => flags.get('new-order-flow'), { flags, keys })
 * ```
 */
export function keysFromSecret(name: string, options: KeysFromSecretOptions = {}): StoredKeys {
  return storedKeys('keysFromSecret', name, (clientConfig) => new SecretsProvider({ clientConfig }), options)
}
