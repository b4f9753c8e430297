import type { Arrivals } from '../carriers/arrivals.ts'
import { INBOUND } from '../carriers/list.ts'
import { WaybillError } from '../errors.ts'
import type { LiveScope, Passage, ScopeSettings } from '../scope.ts'
import type { EvaluationContext, FlagSource } from '../source.ts'
import { canonicalKey } from '../subject.ts'
import { openToken } from '../token/open.ts'
import type { Waybill } from '../waybill.ts'
import type { Maybe } from './deciding.ts'
import { honouring, rulesOf } from './inner.ts'
import type { HonourOptions, LifecycleOptions } from './options.ts'
import { evaluateExpired, type ReevaluationOptions, reevaluated } from './reevaluate.ts'

/**
 * What an edge function makes of what came with an event.
 * - `evaluate`: it decides, and discards the token. Each record of a batch is decided in its own scope.
 * - `honour`: it is an inner function to this source, such as a queue that its own chain feeds.
 * - `honour-or-evaluate`: an edge behind an edge. It honours a verified, fresh token of the same subject, else decides.
 */
export type InboundMode = 'evaluate' | 'honour' | 'honour-or-evaluate'

/** Made by {@link inboundModes}. */
export interface InboundModes {
  modeOf(carrier: string | undefined): InboundMode
  /** Opens the passages of what is honoured as in an inner function. */
  honouring(
    options: LifecycleOptions & HonourOptions & ReevaluationOptions,
  ): ((arrived: Arrivals, lambdaContext: unknown) => Passage) | undefined
  /** The waybill that came, where it may be honoured; `undefined`: to be evaluated. What is not believed is counted. */
  believed(tokens: readonly string[], request: EdgeRequest, scope: LiveScope): Maybe<Waybill> | undefined
}

/** What an edge knows of a request before it decides. */
export interface EdgeRequest {
  readonly settings: ScopeSettings
  readonly source: FlagSource
  readonly context: EvaluationContext | undefined
  readonly nowSeconds: number
}

const MODES: readonly InboundMode[] = ['evaluate', 'honour', 'honour-or-evaluate']

/**
 * The option `modes` of an edge function that is more than that: one mode for each carrier that its events come by, `*`
 * for all others. What is in neither is evaluated. `maxInboundAgeSeconds`: how old the decisions of another edge may be,
 * 300 unless it says otherwise. Throws `bad_option` for a carrier that there is not.
 *
 * @example
 * ```ts
 * const modes = inboundModes({ sqs: 'honour', http: 'honour-or-evaluate' }, { maxInboundAgeSeconds: 60 })
 * ```
 */
export function inboundModes(
  modes: Readonly<Record<string, InboundMode>>,
  { maxInboundAgeSeconds = 300 }: { readonly maxInboundAgeSeconds?: number } = {},
): InboundModes {
  const names = ['*', ...INBOUND.map(({ name }) => name)]
  for (const [carrier, mode] of Object.entries(modes)) {
    if (!names.includes(carrier)) throw bad(`there is no carrier "${carrier}", only ${names.join(', ')}`)
    if (!MODES.includes(mode)) throw bad(`the mode of "${carrier}" must be one of ${MODES.join(', ')}`)
  }
  if (!(maxInboundAgeSeconds > 0)) throw bad('maxInboundAgeSeconds must be positive')
  const known = new Map(Object.entries(modes))
  const others = known.get('*') ?? 'evaluate'
  return {
    modeOf: (carrier) => known.get(carrier ?? '*') ?? others,
    honouring: (options) => {
      if (![...known.values()].includes('honour')) return undefined
      const { source, context } = options
      const rules = rulesOf('evaluateFlags', { ...options, evaluate: evaluateExpired({ source, context }) })
      return (arrived, lambdaContext) => honouring(rules, arrived, lambdaContext)
    },
    believed: (tokens, request, scope) => believed(tokens, request, scope, maxInboundAgeSeconds),
  }
}

function bad(what: string): WaybillError {
  return new WaybillError('bad_option', `inboundModes: ${what}`)
}

function believed(
  tokens: readonly string[],
  { settings, source, context, nowSeconds }: EdgeRequest,
  scope: LiveScope,
  maxAgeSeconds: number,
): Maybe<Waybill> | undefined {
  const [token = ''] = tokens
  const { keys, audience } = settings
  const key = canonicalKey(context)
  const subject = key === undefined ? undefined : keys.fingerprint(key)
  if (tokens.length > 1) scope.count('duplicate')
  // A token without a subject of ours to compare it with is one from outside.
  else if (key === undefined) scope.count('inbound_discarded')
  else if (subject === undefined) scope.count('no_keys')
  else {
    const expectations = { subject, nowSeconds, maxAgeSeconds, ...(audience === undefined ? {} : { audience }) }
    const opened = openToken(token, keys, expectations)
    if ('waybill' in opened) {
      const anew = { source, context: () => context }
      return reevaluated(opened.waybill, settings, nowSeconds, anew, (code) => scope.count(code))
    }
    scope.count(opened.refusal)
  }
  return undefined
}
