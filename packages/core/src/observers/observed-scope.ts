import type { ObservedScope } from '../observer.ts'
import { ambientScope } from '../scope.ts'

/**
 * The scope that this code runs in, as observers know it: what an observer keeps for a scope, its user can reach from
 * inside a handler. `undefined` outside.
 *
 * @example
 * ```ts
 * const kept = new WeakMap<ObservedScope, string[]>()
 * const observer: Observer = { begin: (scope) => void kept.set(scope, []) }
 * const note = (line: string) => {
 *   const scope = observedScope()
 *   if (scope !== undefined) kept.get(scope)?.push(line)
 * }
 * ```
 */
export function observedScope(): ObservedScope | undefined {
  return ambientScope()?.observation
}
