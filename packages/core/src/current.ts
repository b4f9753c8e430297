import type { Decision } from './decision.ts'
import type { DeclaredFlag } from './declared-flag.ts'
import { WaybillError } from './errors.ts'
import { keyRing } from './keys.ts'
import { processLedger } from './ledger.ts'
import type { MergedWaybill } from './merge.ts'
import { ambientScope, LiveScope, type ScopeSettings, scopeStorage } from './scope.ts'
import type { Waybill } from './waybill.ts'

/** The waybill of the scope that this code runs in; `undefined` outside, and where nothing was decided. */
export function currentWaybill(): Waybill | undefined {
  return ambientScope()?.waybill()
}

/**
 * Runs `fn` with another waybill: one made by hand, or a merged one, whose conflicts are then counted. Keys, flags and
 * counts are the surrounding scope's; outside any scope the waybill can be read, but sends are not stamped (`no_keys`).
 *
 * @example
 * ```ts
 * const waybill = createWaybill({ decisions: [{ flag: 'new-order-flow', variation: 'canary', value: true }] })
 * runWithWaybill(waybill, () => flags.get('new-order-flow')) // true
 * ```
 */
export function runWithWaybill<R>(merged: Waybill | MergedWaybill, fn: () => R): R {
  const waybill = 'waybill' in merged ? merged.waybill : merged
  const outer = ambientScope()
  const settings = outer?.settings ?? NO_SETTINGS
  const scope = new LiveScope(settings, outer, undefined, outer ?? processLedger)
  if ('conflicts' in merged && merged.conflicts.length > 0) scope.count('merge_conflict', merged.conflicts.length)
  scope.open({ waybill })
  return scopeStorage.run(scope, fn)
}

const NO_SETTINGS: ScopeSettings = { keys: keyRing({}), flags: [], nowMs: Date.now }

/**
 * Forces decisions by variation name upon everything inside, the handler's own lifecycle included: for handler tests.
 * A name that the handler's declaration does not have throws `unknown_variation` where it is read.
 *
 * @example
 * ```ts
 * withDecisions({ 'new-order-flow': 'canary' }, () => flags.get('new-order-flow')) // true
 * ```
 */
export function withDecisions<R>(variations: Readonly<Record<string, string>>, fn: () => R): R {
  const forced = (flag: DeclaredFlag): Decision | undefined => {
    const variation = variations[flag.key]
    if (variation === undefined) return undefined
    const value = flag.variations.get(variation)
    if (value === undefined) {
      const names = [...flag.variations.keys()].join(', ')
      throw new WaybillError('unknown_variation', `Flag "${flag.key}" has no variation "${variation}", only ${names}`)
    }
    const decidedAtSeconds = Math.floor(Date.now() / 1000)
    return { flag: flag.key, variation, value, version: 0, reason: 'OVERRIDE', origin: 'override', decidedAtSeconds }
  }
  const scope = new LiveScope(NO_SETTINGS, { forced })
  scope.open({ none: 'undecided' })
  return scopeStorage.run(scope, fn)
}
