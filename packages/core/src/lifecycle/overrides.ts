import type { Decision } from '../decision.ts'
import { WaybillError } from '../errors.ts'
import type { Scope, ScopeSettings } from '../scope.ts'
import { isOverride, openOverride } from '../token/override.ts'

/** Made by {@link acceptOverrides}. */
export interface OverridePolicy {
  readonly flags: readonly string[]
  /** Whether a text says that it is an override. */
  claims(token: string): boolean
  /** Puts what a token says in the place of what was decided. What is not believed is counted. */
  override(decisions: Map<string, Decision>, token: string, request: Overridden, scope: Counting): void
}

type Counting = Pick<Scope, 'count'>

/** The request that an override came with. */
export interface Overridden {
  readonly settings: ScopeSettings
  /** The fingerprint of its subject. */
  readonly subject: string | undefined
  readonly nowSeconds: number
}

/**
 * The option `overrides` of an edge function: testers may decide these flags for their own subject, by a token of
 * `sealOverride` in `x-waybill`. Only what the function declares as well is decided. Throws `bad_option`.
 *
 * @example
 * ```ts
 * const overrides = acceptOverrides({ flags: ['new-order-flow'] })
 * ```
 */
export function acceptOverrides({ flags }: { readonly flags: readonly string[] }): OverridePolicy {
  if (!Array.isArray(flags) || flags.length === 0 || !flags.every((flag) => typeof flag === 'string')) {
    throw new WaybillError('bad_option', 'acceptOverrides: name the flags that testers may decide')
  }
  const accepted = new Set(flags)
  return {
    flags,
    claims: isOverride,
    override: (decisions, token, request, scope) => override(accepted, decisions, token, request, scope),
  }
}

function override(
  accepted: ReadonlySet<string>,
  decisions: Map<string, Decision>,
  token: string,
  { settings, subject, nowSeconds }: Overridden,
  scope: Counting,
): void {
  const opened = openOverride(token, settings.keys, { nowSeconds, subject })
  if ('refusal' in opened) {
    scope.count(opened.refusal)
    return
  }
  let meant = 0
  for (const { key, variations } of settings.flags) {
    const variation = opened.decisions.get(key)
    if (variation === undefined || !accepted.has(key)) continue
    meant += 1
    const value = variations.get(variation)
    if (value === undefined) {
      scope.count('undeclared_variation')
      continue
    }
    // The version of the data in force, so that a recall of it reaches the override too. Never bucketed nor tracked.
    const version = decisions.get(key)?.version ?? 0
    decisions.set(key, {
      flag: key,
      variation,
      value,
      version,
      reason: 'OVERRIDE',
      origin: 'override',
      decidedAtSeconds: nowSeconds,
      bucketed: false,
      inExperiment: false,
      track: false,
    })
    scope.count('overridden')
  }
  if (meant === 0) scope.count('inbound_discarded')
}
