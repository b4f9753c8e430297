import {
  type Client,
  type EvaluationContext as OpenFeatureContext,
  type Provider,
  ProviderEvents,
} from '@openfeature/server-sdk'
import {
  type DeclaredFlag,
  type EvaluationContext,
  type FlagSource,
  type SourceAnswer,
  WaybillError,
} from '@waybill/core'
import { Answers } from './answers.ts'
import { openFeatureContext } from './context.ts'
import { type Deadline, deadline } from './deadline.ts'
import { type Answered, answerTo } from './one-flag.ts'
import { Patience } from './patience.ts'
import { register } from './registration.ts'

export interface OpenFeatureSourceOptions {
  /** How long one request waits for the provider, its start included. Default 500. */
  readonly deadlineMs?: number
  /** How long `warm` waits for the provider's start. Default 5000: half of what Lambda gives the init phase. */
  readonly warmMs?: number
  /**
   * How long an answer is kept for the same context: for providers that ask a server about each flag. A change of their
   * configuration ends it. Default 0: a provider that evaluates in this process is asked each time.
   */
  readonly cacheSeconds?: number
  /** The OpenFeature domain that the provider is registered under. Default: one of its own. */
  readonly domain?: string
  /** What the provider is told of whom it decides for. Default: `key` as `targetingKey`, and all attributes. */
  readonly toContext?: (context: EvaluationContext) => OpenFeatureContext
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly nowMs?: () => number
}

const UNAVAILABLE: SourceAnswer = { status: 'unavailable' }

/**
 * Any OpenFeature provider decides at the edge: Unleash, Split, flagd, ConfigCat, GrowthBook, LaunchDarkly and others. The
 * declared flags are evaluated concurrently, under one deadline; the declared kind of value says which of OpenFeature's
 * four types is asked for. Hooks, the global and the transaction's context of OpenFeature apply. A provider's error becomes
 * the cause of the declared default, flag by flag; one that is not ready, or that another has taken the place of, answers
 * nothing at all. Make it once, where the module is loaded. Throws `bad_option` at set-up.
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
  const {
    deadlineMs = 500,
    warmMs = 5000,
    cacheSeconds = 0,
    toContext = openFeatureContext,
    nowMs = Date.now,
  } = options
  if (typeof provider?.resolveBooleanEvaluation !== 'function') throw bad('provider', 'an OpenFeature server provider')
  if (!(deadlineMs > 0)) throw bad('deadlineMs', 'positive')
  if (!(warmMs > 0)) throw bad('warmMs', 'positive')
  if (!(cacheSeconds >= 0)) throw bad('cacheSeconds', 'zero or more')
  if (options.domain === '') throw bad('domain', 'a name')
  const answers = new Answers(cacheSeconds * 1000, nowMs)
  const patience = new Patience(nowMs)
  // Begun while the environment starts; whoever asks first waits for it, within the deadline.
  const { client, started, isInPlace } = register(provider, options.domain)
  // Ready again: what happened while it was not, it did not hear of either.
  for (const event of [ProviderEvents.ConfigurationChanged, ProviderEvents.Ready]) {
    client.addHandler(event, () => answers.clear())
  }
  let isStarted = false
  void started.then(() => {
    isStarted = true
    patience.regain()
  })

  const askWithin = async (
    late: Deadline,
    flags: readonly DeclaredFlag[],
    context: OpenFeatureContext,
  ): Promise<SourceAnswer> => {
    if (!isStarted) await Promise.race([started, late.passed])
    if (!isStarted) {
      patience.lose()
      return UNAVAILABLE
    }
    if (!isInPlace()) return UNAVAILABLE
    const answered = await Promise.all(
      flags.map((flag) => Promise.race([answerTo(client, flag, context), late.passed])),
    )
    if (answered.length > 0 && answered.every((one) => one === undefined)) patience.lose()
    else patience.regain()
    return answerOf(
      client,
      answered.map((one) => one ?? { cause: 'source_unavailable' }),
    )
  }

  const ask = async (flags: readonly DeclaredFlag[], context: OpenFeatureContext): Promise<SourceAnswer> => {
    if (patience.isOver) return UNAVAILABLE
    const late = deadline(deadlineMs)
    try {
      return await askWithin(late, flags, context)
    } finally {
      late.cancel()
    }
  }

  return {
    warm: async () => {
      const late = deadline(warmMs)
      await Promise.race([started, late.passed])
      late.cancel()
    },
    decide: async (context, flags) => {
      try {
        const known = toContext(context)
        return await answers.get(flags, known, () => ask(flags, known))
      } catch {
        return { status: 'live', decisions: flags.map(() => ({ cause: 'source_failed' })) }
      }
    },
  }
}

/**
 * A provider without data answers every flag alike: then there is no answer, and no flag is missing. Some of them say
 * of each flag that it was not found, and only by their status that they are in error.
 */
function answerOf(client: Client, decisions: readonly Answered[]): SourceAnswer {
  const status = client.providerStatus
  const isInError = status === 'ERROR' || status === 'FATAL'
  const isDown = (one: Answered): boolean => 'cause' in one && (isInError || one.cause === 'source_unavailable')
  if (decisions.length > 0 && decisions.every(isDown)) return UNAVAILABLE
  // In error, and it decides all the same: from the last configuration that it had.
  return { status: isInError || status === 'STALE' ? 'stale' : 'live', decisions }
}

function bad(option: string, expected: string): WaybillError {
  return new WaybillError('bad_option', `openFeatureSource: option "${option}" must be ${expected}`)
}
