import { WaybillError } from './errors.ts'
import { isJson, type JsonValue, jsonKind } from './json.ts'

export type WhenExpired = 'default' | 'keep' | 'evaluate'

/** What the code says of one flag. */
export interface FlagDeclaration {
  /** Variation name -> value. All values are of one JSON kind; names are 1 to 64 printable ASCII characters. */
  readonly variations: Readonly<Record<string, JsonValue>>
  /** The name of the variation that runs when nothing was decided. */
  readonly default: string
  /** Emit metrics for it. Default false. */
  readonly observe?: boolean
  /** Whether a recall replaces decisions already in flight. Default `keep`. */
  readonly inFlight?: 'keep' | 'recall'
  /** Higher stays longer when a token must shrink to fit. Default 0. */
  readonly priority?: number
  /** How old a propagated decision may be, from the moment it was made. Default: no limit. */
  readonly maxAgeSeconds?: number
  /**
   * What takes the place of an older one: the declared default (as is usual), the decision itself (counted as
   * `expired_kept`), or a new decision, for which the lifecycle needs `evaluate`. Only beside `maxAgeSeconds`.
   */
  readonly whenExpired?: WhenExpired
}

/** A declaration made ready: what sources decide and scopes honour. */
export interface DeclaredFlag {
  readonly key: string
  readonly variations: ReadonlyMap<string, JsonValue>
  readonly defaultVariation: string
  readonly defaultValue: JsonValue
  readonly observe: boolean
  readonly inFlight: 'keep' | 'recall'
  readonly priority: number
  readonly maxAgeSeconds: number
  readonly whenExpired: WhenExpired
}

const NAME = /^[\x21-\x7e]{1,64}$/
const WHEN_EXPIRED: readonly WhenExpired[] = ['default', 'keep', 'evaluate']
const KEY = /^[\x21-\x7e]{1,256}$/

/** Checks one declaration. Throws `bad_declaration` naming the flag and what to change. */
export function declaredFlag(key: string, declaration: FlagDeclaration): DeclaredFlag {
  const bad = (what: string): WaybillError => new WaybillError('bad_declaration', `Flag "${key}": ${what}`)
  if (!KEY.test(key)) throw bad('keys are 1 to 256 printable ASCII characters without spaces')
  const variations = new Map(Object.entries(declaration.variations ?? {}))
  const kinds = new Set([...variations.values()].map(jsonKind))
  for (const [name, value] of variations) {
    if (!NAME.test(name))
      throw bad(`variation name "${name}" must be 1 to 64 printable ASCII characters without spaces`)
    if (!isJson(value)) throw bad(`the value of "${name}" must be JSON, at most 64 levels deep`)
  }
  if (variations.size === 0) throw bad('declare at least one variation')
  if (kinds.size > 1) throw bad(`variations must be of one kind, found ${[...kinds].join(' and ')}`)
  const defaultValue = variations.get(declaration.default)
  if (defaultValue === undefined) throw bad(`default "${declaration.default}" is not among its variations`)
  const maxAgeSeconds = declaration.maxAgeSeconds ?? Number.POSITIVE_INFINITY
  if (!(maxAgeSeconds > 0)) throw bad('maxAgeSeconds must be positive')
  const whenExpired = declaration.whenExpired ?? 'default'
  if (!WHEN_EXPIRED.includes(whenExpired)) throw bad(`whenExpired must be one of ${WHEN_EXPIRED.join(', ')}`)
  if (declaration.whenExpired !== undefined && declaration.maxAgeSeconds === undefined) {
    throw bad('whenExpired says nothing without maxAgeSeconds')
  }
  return Object.freeze({
    key,
    variations,
    defaultVariation: declaration.default,
    defaultValue,
    observe: declaration.observe ?? false,
    inFlight: declaration.inFlight ?? 'keep',
    priority: declaration.priority ?? 0,
    maxAgeSeconds,
    whenExpired,
  })
}
