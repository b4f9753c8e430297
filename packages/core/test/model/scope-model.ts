import type { Cause, Origin } from '../../src/decision.ts'
import type { FlagDeclaration } from '../../src/declared-flag.ts'
import { type JsonValue, jsonKind, sameJson } from '../../src/json.ts'
import type { CountCode } from '../../src/ledger.ts'
import type { Recall } from '../../src/source.ts'
import type { Declarations } from './flag-plan.ts'

/** One evaluation at the edge: each attempt of a request is decided once. */
export interface Attempt {
  readonly id: number
  readonly subject: string | undefined
}

/** A decision as the edge made it. */
export interface Sealed {
  readonly variation: string
  readonly value: JsonValue
  readonly version: number
  readonly decidedAtSeconds: number
  /** How the function that made it came by it: that does not travel. */
  readonly local?: { readonly origin: Origin; readonly cause?: Cause }
}

/** What a flag source says of one flag. */
export type Said = { readonly value: JsonValue; readonly version: number } | { readonly cause: Cause }

/** What the model says that a scope holds. */
export type Cargo =
  | {
      readonly kind: 'decisions'
      readonly attempt: Attempt
      readonly flags: ReadonlyMap<string, Sealed>
      readonly dropped: number
    }
  | { readonly kind: 'none'; readonly cause: 'undecided' | 'refused' }
  /** A token of a newer format, passed on unread. */
  | { readonly kind: 'opaque'; readonly text: string }

/** What arrived with an event or record. */
export type Arrived =
  | { readonly kind: 'nothing' }
  | {
      readonly kind: 'token'
      readonly text: string
      readonly keyId: string
      readonly cargo: Cargo
      readonly forged?: true
    }

export interface Expected {
  readonly variation: string
  readonly value: JsonValue
  readonly version: number
  readonly origin: Origin
  readonly cause?: Cause
}

/** Longer values travel as digests. */
const MAX_INLINE = 200

/** What the model must know of a function, as it is now. */
export interface Receiver {
  readonly declares: Declarations
  readonly follows: () => readonly Recall[]
  readonly believes: (keyId: string) => true | 'unknown_key' | 'no_keys'
  /** Whether the function says whose requests it serves. */
  readonly checksSubject: boolean
  readonly nowSeconds: () => number
  readonly count: (code: CountCode, by?: number) => void
}

/**
 * What one scope must answer: written from the rules of the product, with none of its code. It keeps its own books of
 * what must be counted.
 */
export class ScopeModel {
  readonly #receiver: Receiver
  readonly #arrived: Arrived
  readonly #answers = new Map<string, Expected>()
  readonly #read = new Set<string>()
  /** Whose request this is, as the message itself says. */
  readonly #subject: string | undefined
  #cargo: Cargo | undefined
  #asOfSeconds: number | undefined

  constructor(receiver: Receiver, arrived: Arrived, subject: string | undefined, decided?: Cargo) {
    this.#receiver = receiver
    this.#arrived = arrived
    this.#subject = subject
    this.#cargo = decided
  }

  /** Opened at the first read or send, and the same ever after. */
  cargo(): Cargo {
    this.#cargo ??= this.#open()
    return this.#cargo
  }

  #open(): Cargo {
    const { believes, checksSubject, count } = this.#receiver
    const refused = (code: CountCode): Cargo => {
      count(code)
      return { kind: 'none', cause: 'refused' }
    }
    const arrived = this.#arrived
    if (arrived.kind === 'nothing') {
      count('no_token')
      return { kind: 'none', cause: 'undecided' }
    }
    const { cargo, keyId, forged } = arrived
    if (cargo.kind === 'opaque') {
      count('unknown_format')
      return cargo
    }
    const believed = believes(keyId)
    if (believed !== true) return refused(believed)
    if (forged) return refused('bad_signature')
    const asked = checksSubject && this.#subject !== undefined
    if (asked && cargo.kind === 'decisions' && cargo.attempt.subject !== this.#subject) {
      return refused('wrong_subject')
    }
    return cargo
  }

  /** The policies for what comes without decisions: the code that is thrown instead of running the handler. */
  insists(undecided: 'default' | 'throw', onRefused: 'default' | 'throw'): 'undecided' | 'refused' | undefined {
    if (undecided !== 'throw' && onRefused !== 'throw') return undefined
    const cargo = this.cargo()
    if (cargo.kind !== 'none') return undefined
    if (cargo.cause === 'refused' && onRefused === 'throw') return 'refused'
    return undecided === 'throw' ? 'undecided' : undefined
  }

  /** Before the handler, what is too old is made anew where its flag says so; then nothing ages while it runs. */
  renew(said: (flags: readonly string[]) => ReadonlyMap<string, Sealed>, asOfSeconds: number): void {
    const cargo = this.cargo()
    if (cargo.kind !== 'decisions') return
    this.#asOfSeconds = asOfSeconds
    const { declares, follows, count } = this.#receiver
    const old = Object.entries(declares).flatMap(([flag, declaration]) => {
      const sealed = cargo.flags.get(flag)
      if (sealed === undefined || sealed.local !== undefined || declaration.whenExpired !== 'evaluate') return []
      const recall = declaration.inFlight === 'recall' ? recallFor(flag, sealed.version, follows()) : undefined
      return recall === undefined && isExpired(declaration, sealed.decidedAtSeconds, asOfSeconds) ? [flag] : []
    })
    if (old.length === 0) return
    const anew = said(old)
    for (const { local } of anew.values()) if (local?.cause === undefined) count('reevaluated')
    this.#cargo = { ...cargo, flags: new Map([...cargo.flags].map(([flag, one]) => [flag, anew.get(flag) ?? one])) }
  }

  /** An observer looks at the observed flags before the handler runs: that is no read. */
  observed(): readonly string[] {
    return Object.entries(this.#receiver.declares).flatMap(([flag, { observe }]) => (observe ? [flag] : []))
  }

  read(flag: string): Expected {
    this.#read.add(flag)
    return this.answer(flag)
  }

  answer(flag: string): Expected {
    const known = this.#answers.get(flag)
    if (known !== undefined) return known
    const answer = this.#answer(flag)
    this.#answers.set(flag, answer)
    return answer
  }

  #answer(flag: string): Expected {
    const declaration = this.#receiver.declares[flag]
    if (declaration === undefined) throw new Error(`the model was asked for "${flag}", which is not declared there`)
    const { count, nowSeconds, follows } = this.#receiver
    const otherwise = (cause: Cause): Expected => {
      count(cause)
      const value = declaration.variations[declaration.default] ?? null
      return { variation: declaration.default, value, version: 0, origin: 'default', cause }
    }
    const cargo = this.cargo()
    if (cargo.kind === 'none') return otherwise(cargo.cause)
    if (cargo.kind === 'opaque') return otherwise('undecided')
    const sealed = cargo.flags.get(flag)
    if (sealed === undefined) return otherwise(cargo.dropped > 0 ? 'dropped' : 'undecided')
    const { variation, version, decidedAtSeconds } = sealed
    // What this very function decided neither ages nor is taken back here.
    if (sealed.local !== undefined) return { variation, version, value: sealed.value, ...sealed.local }
    const recall = declaration.inFlight === 'recall' ? recallFor(flag, version, follows()) : undefined
    if (recall !== undefined) {
      const value = declaration.variations[recall.to]
      if (value === undefined) return otherwise('undeclared_variation')
      count('recalled')
      return { variation: recall.to, value, version, origin: 'recalled' }
    }
    const expired = isExpired(declaration, decidedAtSeconds, this.#asOfSeconds ?? nowSeconds())
    if (expired && declaration.whenExpired !== 'keep') return otherwise('expired')
    const declared = declaration.variations[variation]
    if (declared === undefined) return otherwise('undeclared_variation')
    const large = JSON.stringify(sealed.value).length > MAX_INLINE
    if (large && !sameJson(declared, sealed.value)) return otherwise('value_unresolved')
    if (jsonKind(declared) !== jsonKind(sealed.value)) return otherwise('wrong_type')
    if (expired) count('expired_kept')
    const answer = { variation, version, value: sealed.value, origin: 'propagated' } as const
    return expired ? { ...answer, cause: 'expired_kept' } : answer
  }

  /** What came for declared flags and nobody read is said when all went well. */
  end(succeeded: boolean): void {
    if (!succeeded || this.#arrived.kind === 'nothing') return
    const cargo = this.cargo()
    if (cargo.kind !== 'decisions') return
    const unread = Object.keys(this.#receiver.declares).filter((flag) => cargo.flags.has(flag) && !this.#read.has(flag))
    if (unread.length > 0) this.#receiver.count('never_read', unread.length)
  }
}

function recallFor(flag: string, version: number, recalls: readonly Recall[]): Recall | undefined {
  return recalls.find((one) => one.flag === flag && version <= one.upToVersion)
}

function isExpired({ maxAgeSeconds }: FlagDeclaration, decidedAtSeconds: number, nowSeconds: number): boolean {
  return maxAgeSeconds !== undefined && nowSeconds - decidedAtSeconds > maxAgeSeconds
}

/** What of a decision goes over the wire. */
export function travelling({ local: _, ...sealed }: Sealed): Sealed {
  return sealed
}

/** The decisions of an edge: what its source said of each declared flag, or the declared default and its cause. */
export function decidedAtEdge(
  declares: Declarations,
  said: (flag: string) => Said,
  nowSeconds: number,
  count: (code: CountCode) => void,
): ReadonlyMap<string, Sealed> {
  const flags = new Map<string, Sealed>()
  for (const [flag, declaration] of Object.entries(declares)) {
    const one = said(flag)
    const fallback = (cause: Cause): Sealed => {
      count(cause)
      const value = declaration.variations[declaration.default] ?? null
      return {
        variation: declaration.default,
        value,
        version: 0,
        decidedAtSeconds: nowSeconds,
        local: { origin: 'default', cause },
      }
    }
    if ('cause' in one) {
      flags.set(flag, fallback(one.cause))
      continue
    }
    const names = Object.entries(declaration.variations)
    const named = names.find(([, value]) => sameJson(value, one.value))
    const kind = jsonKind(declaration.variations[declaration.default] ?? null)
    if (jsonKind(one.value) !== kind) flags.set(flag, fallback('wrong_type'))
    else if (named === undefined) flags.set(flag, fallback('undeclared_variation'))
    else {
      const { value, version } = one
      flags.set(flag, {
        variation: named[0],
        value,
        version,
        decidedAtSeconds: nowSeconds,
        local: { origin: 'evaluated' },
      })
    }
  }
  return flags
}
