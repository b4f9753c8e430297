import type { CountCode } from '../ledger.ts'
import type { Cargo, LiveScope, ScopeSettings } from '../scope.ts'
import type { EvaluationContext } from '../source.ts'
import { canonicalKey } from '../subject.ts'
import { openToken } from '../token/open.ts'

/** Whose request it is: a subject's (`key`), nobody's, or unknown, since the function that should say so failed. */
export type Owner = { readonly key: string | undefined } | 'unknown'

/** `undefined`: the function does not say, and takes anybody's token. */
export function ownerOf(subject: () => EvaluationContext | undefined): Owner | undefined {
  try {
    const context = subject()
    return context === undefined ? undefined : { key: canonicalKey(context) }
  } catch {
    return 'unknown'
  }
}

/** Opens what arrived, counting what is not believed. Refused texts go no further; unknown formats are passed on. */
export function cargoOf(
  tokens: readonly string[],
  scope: LiveScope,
  settings: ScopeSettings,
  owner: Owner | undefined,
): Cargo {
  const refused = (refusal: CountCode): Cargo => {
    scope.count(refusal)
    return { none: 'refused', refusal }
  }
  const [token] = tokens
  if (token === undefined) {
    scope.count('no_token')
    return { none: 'undecided' }
  }
  if (tokens.length > 1) return refused('duplicate')
  const { keys, audience } = settings
  const opened = openToken(token, keys, audience === undefined ? {} : { audience })
  if ('refusal' in opened) {
    if (opened.refusal !== 'unknown_format') return refused(opened.refusal)
    scope.count(opened.refusal)
    return { opaque: token }
  }
  if (owner === undefined) return opened
  if (owner === 'unknown') return refused('no_subject')
  const fingerprint = owner.key === undefined ? undefined : keys.fingerprint(owner.key)
  // Without the subject secret nobody can tell whose it is: then it is not believed.
  if (owner.key !== undefined && fingerprint === undefined) return refused('no_keys')
  return opened.waybill.subject === fingerprint ? opened : refused('wrong_subject')
}
