/**
 * What an edge function makes of what came with an event.
 * - `evaluate`: it decides, and discards the token. Each record of a batch is decided in its own scope.
 * - `honour`: it is an inner function to this source, such as a queue that its own chain feeds.
 * - `honour-or-evaluate`: an edge behind an edge. It honours a verified, fresh token of the same subject, else decides.
 */
export type InboundMode = 'evaluate' | 'honour' | 'honour-or-evaluate'

/** Made by {@link inboundModes}. */
export interface InboundModes {
  readonly modes: Readonly<Record<string, InboundMode>>
  readonly maxInboundAgeSeconds: number
}

/**
 * The option `modes` of an edge function: one mode for each carrier, `*` for all others. Throws `bad_option` for a carrier
 * that there is not.
 *
 * @example
 * ```ts
 * const modes = inboundModes({ sqs: 'honour', http: 'honour-or-evaluate' }, { maxInboundAgeSeconds: 60 })
 * ```
 */
export function inboundModes(
  modes: Readonly<Record<string, InboundMode>>,
  options: { readonly maxInboundAgeSeconds?: number } = {},
): InboundModes {
  return { modes, maxInboundAgeSeconds: options.maxInboundAgeSeconds ?? 300 }
}
