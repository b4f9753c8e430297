import type { Decision } from './decision.ts'
import { type DeclaredFlag, declaredFlag, type FlagDeclaration } from './declared-flag.ts'
import { WaybillError } from './errors.ts'
import type { JsonValue } from './json.ts'
import { ambientScope, outsideScope } from './scope.ts'

export type FlagDeclarations = Readonly<Record<string, FlagDeclaration>>

/** What a flag can be: the union of its declared values. Both booleans read as `boolean`. */
export type FlagValue<F extends FlagDeclaration> = F['variations'][keyof F['variations']]

/** Flags as handlers read them. */
export interface DeclaredFlags<F extends FlagDeclarations = FlagDeclarations> {
  /** The decided value in the current scope; the declared default outside any. */
  get<K extends keyof F & string>(key: K): FlagValue<F[K]>
  /** The whole decision: variation, version, reason, origin and cause. */
  detail<K extends keyof F & string>(key: K): Decision<FlagValue<F[K]>>
  readonly all: readonly DeclaredFlag[]
}

/**
 * Declares the flags that this function knows, with their variations by name. Throws `bad_declaration`.
 *
 * @example
 * ```ts
 * const flags = declareFlags({
 *   'new-order-flow': { variations: { control: false, canary: true }, default: 'control', observe: true },
 * })
 * flags.get('new-order-flow') // false: outside a request, the declared default
 * ```
 */
export function declareFlags<const F extends FlagDeclarations>(declarations: F): DeclaredFlags<F> {
  const byKey = new Map(Object.entries(declarations).map(([key, one]) => [key, declaredFlag(key, one)]))
  const detail = <V extends JsonValue>(key: string): Decision<V> => {
    const flag = byKey.get(key)
    if (flag === undefined) throw new WaybillError('bad_declaration', `Flag "${key}" was read but is not declared`)
    // The scope answers with a declared variation's kind, or with the declared default: the types rest on that.
    return (ambientScope()?.decision(flag) ?? outsideScope(flag)) as Decision<V>
  }
  return {
    get: <K extends keyof F & string>(key: K) => detail<FlagValue<F[K]>>(key).value,
    detail: <K extends keyof F & string>(key: K) => detail<FlagValue<F[K]>>(key),
    all: [...byKey.values()],
  }
}
