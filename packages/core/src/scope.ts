import { AsyncLocalStorage } from 'node:async_hooks'
import type { Cause, Decision } from './decision.ts'
import type { DeclaredFlag } from './declared-flag.ts'
import { declaredDefault, honoured } from './honour.ts'
import type { KeySource } from './key-source.ts'
import type { KeyRing } from './keys.ts'
import { type CountCode, Ledger, processLedger } from './ledger.ts'
import type { ObservedScope } from './observer.ts'
import { type RecallSource, recallsOf } from './source.ts'
import { CarriedWaybill } from './token/originals.ts'
import { DEFAULT_BUDGET_BYTES, sealToken } from './token/seal.ts'
import type { Waybill } from './waybill.ts'

/** Puts tokens into what is sent. Outlives its scope: a buffered entry is stamped when the buffer is flushed. */
export interface Stamper {
  /** Whether there is anything to carry: without, a send is left alone and nothing is lost. */
  carries(): boolean
  /** A token of at most so many bytes. `undefined`: none fits or none can be sealed, and that was counted. */
  tokenFor(roomBytes: number): string | undefined
  waybill(): Waybill | undefined
  count(code: CountCode): void
}

/**
 * The async context in which a waybill is current. Two copies of this package (a layer's and a bundle's) meet here, so
 * it is used through these functions only, and their meaning never changes under `@waybill/scope@1`.
 */
export interface Scope {
  decision(flag: DeclaredFlag): Decision
  waybill(): Waybill | undefined
  count(code: CountCode, by?: number): void
  /** A scope within this one has read the flag. */
  touch?(flag: string): void
  /** `undefined` unless the scope is open. */
  stamper(): Stamper | undefined
  readonly settings: ScopeSettings
  /** Decisions that a test forces upon every scope inside. */
  readonly forced?: ForcedDecisions | undefined
  /** A batch's scope holds no waybill: it opens one scope for each of its records. */
  readonly records?: RecordScopes | undefined
  /** What observers know this scope by, or the one around it that reports for it. */
  readonly observation?: ObservedScope | undefined
}

export type ForcedDecisions = (flag: DeclaredFlag) => Decision | undefined
/** Opens the scope of one record, raw or parsed; `undefined` inside a record's scope already. */
export type RecordScopes = (record: unknown) => Passage | undefined

/** One way through a scope, as its lifecycle offers it to the skins. */
export interface Passage {
  readonly scope: Scope
  /** The event or record without its token: what the handler gets. */
  readonly event: unknown
  /** To be called in the scope, before the handler. Throws only where a policy says so. */
  prepare(): Promise<void> | undefined
  /** Runs the handler within the observers. */
  around<T>(run: () => T): T
  /** Closes the scope and reports; the first call counts. */
  end(outcome: Outcome): void
  /** After `end`, where the environment may freeze next: waits for what observers still write. Never rejects. */
  flush?(): Promise<unknown> | undefined
}

export type Outcome = { readonly response: unknown } | { readonly error: unknown } | 'early_return'

/** What a scope holds once it is open: a waybill, a token of an unknown format, or the reason why there is neither. */
export type Cargo =
  | { readonly waybill: Waybill }
  | { readonly opaque: string }
  | { readonly none: Extract<Cause, 'undecided' | 'refused' | 'no_subject'>; readonly refusal?: CountCode }

export interface ScopeSettings {
  readonly keys: KeyRing
  /** Where the ring comes from, if it can change. */
  readonly keySource?: KeySource
  readonly flags: readonly DeclaredFlag[]
  readonly recalls?: RecallSource
  readonly budgetBytes?: number
  readonly audience?: string
  readonly nowMs: () => number
}

/** The scope that counts and reports for one inside it. */
type Within = Pick<Scope, 'count' | 'touch' | 'observation'>

const KEY = Symbol.for('@waybill/scope@1')
const shared = globalThis as { [KEY]?: AsyncLocalStorage<Scope> }

/** One storage per process, whatever the number of copies of this package. */
shared[KEY] ??= new AsyncLocalStorage<Scope>()
export const scopeStorage: AsyncLocalStorage<Scope> = shared[KEY]

export function ambientScope(): Scope | undefined {
  return scopeStorage.getStore()
}

/** A scope's own state: pending until its cargo is known, open while its handler runs, closed after. */
export class LiveScope implements Scope, Stamper {
  readonly settings: ScopeSettings
  readonly ledger: Ledger = new Ledger()
  readonly forced: ForcedDecisions | undefined
  readonly records: RecordScopes | undefined
  #state: 'pending' | 'open' | 'closed' = 'pending'
  #cargo: Cargo | (() => Cargo) = NOTHING
  #resolved: Map<DeclaredFlag, Decision> | undefined
  #reads: Map<DeclaredFlag, Decision> | undefined
  #token: string | undefined
  #asOfSeconds: number | undefined
  #touched: Set<string> | undefined
  readonly #within: Within | undefined
  #observation: ObservedScope | undefined

  /** `within`: the scope that counts and reports for this one, which has no report of its own. */
  constructor(settings: ScopeSettings, outer?: Pick<Scope, 'forced'>, records?: RecordScopes, within?: Within) {
    this.settings = settings
    this.forced = outer?.forced
    this.records = records
    this.#within = within
  }

  /**
   * `cargo` may be a function: the token is then opened at the first read, send or observed flag. `asOfSeconds`: what was
   * too old then has been made anew, and nothing gets too old while the handler runs.
   */
  open(cargo: Cargo | (() => Cargo), asOfSeconds?: number): void {
    // A source may answer after the invocation has been given up (a time-out): then it is over.
    if (this.#state === 'closed') return
    this.#cargo = cargo
    this.#asOfSeconds = asOfSeconds
    this.#state = 'open'
  }

  close(): void {
    this.#state = 'closed'
  }

  get observation(): ObservedScope | undefined {
    return this.#observation ?? this.#within?.observation
  }

  set observation(observation: ObservedScope) {
    this.#observation = observation
  }

  decision(flag: DeclaredFlag): Decision {
    if (this.#state !== 'open') return outsideScope(flag, this, this.#state === 'closed' ? 'scope_closed' : 'no_scope')
    const known = this.#reads?.get(flag)
    if (known !== undefined) return known
    const decision = this.resolve(flag)
    this.#reads ??= new Map()
    this.#reads.set(flag, decision)
    this.#within?.touch?.(flag.key)
    return decision
  }

  /** As `decision`, without its being a read. */
  resolve(flag: DeclaredFlag): Decision {
    const known = this.#resolved?.get(flag)
    if (known !== undefined) return known
    const decision = this.forced?.(flag) ?? this.#honour(flag)
    this.#resolved ??= new Map()
    this.#resolved.set(flag, decision)
    return decision
  }

  get reads(): readonly Decision[] {
    return this.#reads === undefined ? [] : [...this.#reads.values()]
  }

  touch(flag: string): void {
    this.#touched ??= new Set()
    this.#touched.add(flag)
    this.#within?.touch?.(flag)
  }

  /** What came for declared flags and was not read. Opens the token if nobody has. */
  unread(): readonly Decision[] {
    const cargo = this.#state === 'open' ? this.cargo() : NOTHING
    if (!('waybill' in cargo)) return []
    const read = new Set(this.#touched)
    for (const flag of this.#reads?.keys() ?? []) read.add(flag.key)
    return this.settings.flags.flatMap(({ key }) => (read.has(key) ? [] : (cargo.waybill.decisions.get(key) ?? [])))
  }

  /** Opens the token if it was not; the same answer ever after. */
  cargo(): Cargo {
    if (typeof this.#cargo === 'function') this.#cargo = this.#cargo()
    return this.#cargo
  }

  waybill(): Waybill | undefined {
    if (this.#state !== 'open') return undefined
    const cargo = this.cargo()
    return 'waybill' in cargo ? cargo.waybill : undefined
  }

  stamper(): Stamper | undefined {
    // A handler that outlives its invocation, such as one that Middy answered for ahead of a time-out.
    if (this.#state === 'closed' && this.#cargo !== NOTHING) this.count('scope_closed')
    return this.#state === 'open' ? this : undefined
  }

  carries(): boolean {
    return !('none' in this.cargo())
  }

  tokenFor(roomBytes: number): string | undefined {
    const cargo = this.cargo()
    if ('none' in cargo) return undefined
    if ('opaque' in cargo) return this.#fitting(cargo.opaque, roomBytes)
    this.#token ??= CarriedWaybill.textOf(cargo.waybill)
    if (this.#token !== undefined && this.#token.length <= roomBytes) return this.#token
    const budget = this.settings.budgetBytes ?? DEFAULT_BUDGET_BYTES
    const { token, shedCount, problem } = sealToken(cargo.waybill, this.settings.keys, {
      maxBytes: Math.min(roomBytes, this.#token === undefined ? budget : this.#token.length),
      priorityOf: (key) => this.settings.flags.find((flag) => flag.key === key)?.priority ?? 0,
      ...(this.settings.audience === undefined ? {} : { audience: this.settings.audience }),
    })
    if (problem !== undefined) this.count(problem)
    if (shedCount > 0) this.count('shed', shedCount)
    if (roomBytes >= budget && shedCount === 0) this.#token = token
    return token
  }

  count(code: CountCode, by = 1): void {
    const ledger = this.#state === 'closed' ? processLedger : (this.#within ?? this.ledger)
    ledger.count(code, by)
  }

  #fitting(text: string, roomBytes: number): string | undefined {
    if (text.length <= roomBytes) return text
    this.count('no_room')
    return undefined
  }

  #honour(flag: DeclaredFlag): Decision {
    const cargo = this.cargo()
    const nowSeconds = this.#asOfSeconds ?? Math.floor(this.settings.nowMs() / 1000)
    if (!('waybill' in cargo)) {
      const cause = 'none' in cargo ? cargo.none : 'undecided'
      this.count(cause)
      return declaredDefault(flag, cause, nowSeconds)
    }
    const decision = honoured(flag, cargo.waybill, nowSeconds, recallsOf(this.settings.recalls))
    // What the edge itself decided was counted when it was decided.
    if (decision !== cargo.waybill.decisions.get(flag.key)) {
      if (decision.cause !== undefined) this.count(decision.cause)
      if (decision.origin === 'recalled') this.count('recalled')
    }
    return decision
  }
}

const NOTHING: Cargo = { none: 'undecided' }

/** Absence is ordinary: the declared default, counted. */
export function outsideScope(
  flag: DeclaredFlag,
  ledger: { count(code: CountCode): void } = processLedger,
  cause: 'no_scope' | 'scope_closed' = 'no_scope',
): Decision {
  ledger.count(cause)
  return declaredDefault(flag, cause, Math.floor(Date.now() / 1000))
}
