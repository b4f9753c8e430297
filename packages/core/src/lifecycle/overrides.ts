/** Made by {@link acceptOverrides}. */
export interface OverridePolicy {
  readonly flags: readonly string[]
}

/**
 * The option `overrides` of an edge function: testers may decide these flags for their own subject, with a token of
 * {@link sealOverride} in `x-waybill`. Only what the function declares as well is decided.
 *
 * @example
 * ```ts
 * const overrides = acceptOverrides({ flags: ['new-order-flow'] })
 * ```
 */
export function acceptOverrides(options: { readonly flags: readonly string[] }): OverridePolicy {
  return { flags: options.flags }
}
