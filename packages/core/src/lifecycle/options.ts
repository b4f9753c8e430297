import type { DeclaredFlag } from '../declared-flag.ts'
import { WaybillError } from '../errors.ts'
import { type KeySource, keySourceOf, ringOf } from '../key-source.ts'
import type { KeyRing } from '../keys.ts'
import type { Observer } from '../observer.ts'
import type { Scope, ScopeSettings } from '../scope.ts'
import type { EvaluationContext, RecallSource } from '../source.ts'

/** What edge and inner functions have in common. */
export interface LifecycleOptions {
  /** What `declareFlags` returned. */
  readonly flags: { readonly all: readonly DeclaredFlag[] }
  /** A ring, or where to find it: `keysFromParameter`, `keysFromSecret`. */
  readonly keys: KeyRing | KeySource
  /** What operators took back; for flags declared `inFlight: 'recall'`. */
  readonly recalls?: RecallSource
  readonly observers?: readonly Observer[]
  /** Which responses are failures. Default: a `statusCode` of 500 and more. A thrown error always is. */
  readonly isFailure?: (response: unknown) => boolean
  /** The most bytes of a token that this function seals itself. Default 2048. */
  readonly budgetBytes?: number
  /** Whom tokens are meant for: sealed at the edge, demanded inside. */
  readonly audience?: string
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly nowMs?: () => number
}

/** How tokens are honoured: by an inner function, and by an edge for the sources whose mode is `honour`. */
export interface HonourOptions {
  /** What to do when no decisions came: run on declared defaults (the default), or throw `undecided`. */
  readonly undecided?: 'default' | 'throw'
  /** What to do when a token came and was not believed: the same, or throw `refused`. Default: as `undecided`. */
  readonly onRefused?: 'default' | 'throw'
  /**
   * Whose request an event or a record is: another's token is refused (`wrong_subject`). `undefined`: anybody's. Needs the
   * ring's subject secret.
   */
  readonly subject?: (eventOrRecord: never, lambdaContext?: unknown) => EvaluationContext | undefined
}

/** Checks what plain JavaScript could get wrong, once, at set-up. Throws `bad_option`. */
export function settingsOf(where: string, options: LifecycleOptions): ScopeSettings {
  const { flags, keys, budgetBytes, audience, nowMs, recalls } = options
  if (!Array.isArray(flags?.all)) throw badOption(where, 'flags', 'what declareFlags() returned')
  const keySource = keySourceOf(keys, where)
  const settings = {
    flags: flags.all,
    nowMs: nowMs ?? Date.now,
    ...(budgetBytes === undefined ? {} : { budgetBytes }),
    ...(audience === undefined ? {} : { audience }),
    ...(recalls === undefined ? {} : { recalls }),
  }
  if (keySource === undefined) return { ...settings, keys: keys as KeyRing }
  return {
    ...settings,
    keySource,
    // The ring of the moment, wherever a scope looks at it.
    get keys() {
      return ringOf(keySource)
    },
  }
}

export function badOption(where: string, option: string, expected: string): WaybillError {
  return new WaybillError('bad_option', `${where}: option "${option}" must be ${expected}`)
}

export type Forcing = Pick<Scope, 'forced'> | undefined

/** What a test forces (`withDecisions`) reaches through; nothing else of an outer scope does. */
export function forcing(outer: Scope | undefined): Forcing {
  return outer?.forced === undefined ? undefined : outer
}
