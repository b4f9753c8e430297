import {
  type Client,
  ErrorCode,
  type EvaluationDetails,
  type FlagValue,
  OpenFeature,
  type EvaluationContext as OpenFeatureContext,
  type Provider,
  ProviderEvents,
} from '@openfeature/server-sdk'
import {
  type Cause,
  canonicalJson,
  type DeclaredFlag,
  type FlagSource,
  type JsonValue,
  jsonKind,
  type SourceAnswer,
  type SourceDecision,
  WaybillError,
} from '@waybill/core'
import { openFeatureContext } from './context.ts'
import { isBucketed, reasonOf } from './reasons.ts'

export interface OpenFeatureSourceOptions {
  /** How long one request waits for the provider, its start included. Default 500. */
  readonly deadlineMs?: number
  /**
   * How long an answer is kept for the same context: for providers that ask a server about each flag. A change of their
   * configuration ends it. Default 0: a provider that evaluates in this process is asked each time.
   */
  readonly cacheSeconds?: number
  /** The OpenFeature domain that the provider is registered under. Default: one of its own. */
  readonly domain?: string
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly nowMs?: () => number
}

const MAX_CACHED = 500
let domains = 0

/**
 * Any OpenFeature provider decides at the edge: Unleash, Split, flagd, ConfigCat, GrowthBook, LaunchDarkly and others. The
 * declared flags are evaluated concurrently, under one deadline; the declared kind of value says which of OpenFeature's
 * four types is asked for. Hooks and the global context of OpenFeature apply. A provider's error becomes the cause of
 * the declared default, flag by flag; one that is not ready answers nothing at all. Throws `bad_option` at set-up.
 *
 * @example
 * ```ts
 * const source = openFeatureSource(new InMemoryProvider({
 *   'new-order-flow': { variants: { canary: true, control: false }, defaultVariant: 'canary', disabled: false },
 * }))
 * await source.decide({ key: 'user-1' }, flags.all)
 * ```
 */
export function openFeatureSource(provider: Provider, options: OpenFeatureSourceOptions = {}): FlagSource {
  const { deadlineMs = 500, cacheSeconds = 0, nowMs = Date.now } = options
  if (typeof provider?.resolveBooleanEvaluation !== 'function') throw bad('provider', 'an OpenFeature server provider')
  if (!(deadlineMs > 0)) throw bad('deadlineMs', 'positive')
  if (!(cacheSeconds >= 0)) throw bad('cacheSeconds', 'zero or more')
  domains += 1
  const domain = options.domain ?? `waybill-${domains}`
  const client = OpenFeature.getClient(domain)
  const cache = new Map<string, { readonly answer: SourceAnswer; readonly untilMs: number }>()
  client.addHandler(ProviderEvents.ConfigurationChanged, () => cache.clear())
  // Begun while the environment starts; whoever asks first waits for it, within the deadline.
  const started = OpenFeature.setProviderAndWait(domain, provider).catch(() => undefined)
  let isStarted = false
  void started.then(() => {
    isStarted = true
  })

  const ask = async (context: OpenFeatureContext, flags: readonly DeclaredFlag[]): Promise<SourceAnswer> => {
    const late = deadline(deadlineMs)
    try {
      if (!isStarted) await Promise.race([started, late.passed])
      if (!isStarted) return { status: 'unavailable' }
      const decisions = await Promise.all(
        flags.map((flag) => Promise.race([decision(client, flag, context), late.passed])),
      )
      return answerOf(
        client,
        decisions.map((one) => one ?? { cause: 'source_unavailable' as const }),
      )
    } finally {
      late.cancel()
    }
  }

  return {
    warm: async () => {
      await started
    },
    decide: async (context, flags) => {
      const known = openFeatureContext(context)
      if (cacheSeconds === 0) return ask(known, flags)
      const name = canonicalJson([flags.map(({ key }) => key), known as JsonValue])
      const cached = cache.get(name)
      if (cached !== undefined && cached.untilMs > nowMs()) return cached.answer
      const answer = await ask(known, flags)
      if (answer.status === 'live') keep(cache, name, { answer, untilMs: nowMs() + cacheSeconds * 1000 })
      return answer
    },
  }
}

type Answered = SourceDecision | { readonly cause: Cause }

/** A provider without data answers every flag alike: then there is no answer, and no flag is missing. */
function answerOf(client: Client, decisions: readonly Answered[]): SourceAnswer {
  const isDown = (one: Answered): boolean => 'cause' in one && one.cause === 'source_unavailable'
  if (decisions.length > 0 && decisions.every(isDown)) return { status: 'unavailable' }
  return { status: client.providerStatus === 'STALE' ? 'stale' : 'live', decisions }
}

async function decision(client: Client, flag: DeclaredFlag, context: OpenFeatureContext): Promise<Answered> {
  // Clients of OpenFeature answer errors with the default, and do not reject.
  const details = await evaluated(client, flag, context)
  if (details.errorCode !== undefined) return { cause: causeOf(details.errorCode) }
  const version = Number(details.flagMetadata['version'])
  return {
    value: details.value as JsonValue,
    variation: details.variant ?? '',
    version: Number.isSafeInteger(version) && version >= 0 ? version : 0,
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

function deadline(ms: number): { readonly passed: Promise<undefined>; cancel(): void } {
  let timer: NodeJS.Timeout | undefined
  const passed = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms)
  })
  return { passed, cancel: () => clearTimeout(timer) }
}

/** The oldest goes first: a map keeps the order of its entries. */
function keep<V>(cache: Map<string, V>, name: string, value: V): void {
  cache.delete(name)
  cache.set(name, value)
  for (const oldest of cache.keys()) {
    if (cache.size <= MAX_CACHED) return
    cache.delete(oldest)
  }
}

function bad(option: string, expected: string): WaybillError {
  return new WaybillError('bad_option', `openFeatureSource: option "${option}" must be ${expected}`)
}
