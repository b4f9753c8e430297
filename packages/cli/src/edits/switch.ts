import type { NamedFlag } from '@waybill/flags'
import type { Edited } from './edit.ts'
import { indexOfVariation } from './variation.ts'

/** Off, whatever else the flag says: everybody gets the off variation. Touches nothing that a malformed flag may lack. */
export function turnOff(flag: NamedFlag): Edited {
  const { offVariation } = flag
  const none = offVariation === undefined || offVariation === null
  const notes = none ? ['It has no off variation: everybody gets the default that the code declares.'] : []
  return { flag: { ...flag, on: false }, notes }
}

export function turnOn(flag: NamedFlag): Edited {
  return { flag: { ...flag, on: true }, notes: [] }
}

/** Everybody whom no target and no rule names gets this variation; ends a percentage rollout. */
export function setFallthrough(flag: NamedFlag, variation: string): Edited {
  const next = { ...flag, fallthrough: { variation: indexOfVariation(flag, variation) } }
  return { flag: next, notes: whoElse(next) }
}

export function setOffVariation(flag: NamedFlag, variation: string): Edited {
  return { flag: { ...flag, offVariation: indexOfVariation(flag, variation) }, notes: [] }
}

/** What keeps a fallthrough from reaching everybody. */
export function whoElse(flag: NamedFlag): readonly string[] {
  const rules = flag.rules?.length ?? 0
  return [
    ...(flag.on ? [] : [`The flag is off: nobody sees this until "waybill flags set ${flag.key} on".`]),
    ...(rules > 0
      ? [`Targets and ${rules === 1 ? 'a rule' : `${rules} rules`} still come before the fallthrough.`]
      : []),
  ]
}
