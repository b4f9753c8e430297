import type { DeclaredFlag } from '../declared-flag.ts'
import { WaybillError } from '../errors.ts'
import type { KeyRing } from '../keys.ts'
import type { Observer } from '../observer.ts'
import type { Scope, ScopeSettings } from '../scope.ts'
import type { RecallSource } from '../source.ts'

/** What edge and inner functions have in common. */
export interface LifecycleOptions {
  /** What `declareFlags` returned. */
  readonly flags: { readonly all: readonly DeclaredFlag[] }
  readonly keys: KeyRing
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

/** Checks what plain JavaScript could get wrong, once, at set-up. Throws `bad_option`. */
export function settingsOf(where: string, options: LifecycleOptions, recalls?: RecallSource): ScopeSettings {
  const { flags, keys, budgetBytes, audience, nowMs } = options
  if (!Array.isArray(flags?.all)) throw badOption(where, 'flags', 'what declareFlags() returned')
  if (typeof keys?.verifier !== 'function')
    throw badOption(where, 'keys', 'a key ring: keyRing() or keysFromEnvironment()')
  return {
    flags: flags.all,
    keys,
    nowMs: nowMs ?? Date.now,
    ...(budgetBytes === undefined ? {} : { budgetBytes }),
    ...(audience === undefined ? {} : { audience }),
    ...(recalls === undefined ? {} : { recalls }),
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
