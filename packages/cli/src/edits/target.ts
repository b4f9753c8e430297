import type { NamedFlag, Target } from '@waybill/flags'
import { Failure } from '../failure.ts'
import type { Edited } from './edit.ts'
import { indexOfVariation } from './variation.ts'

export interface TargetEdit {
  readonly variation: string
  /** Keys of contexts. */
  readonly keys: readonly string[]
  /** Default `user`. */
  readonly contextKind?: string
}

/** LaunchDarkly's rule for names of kinds: https://launchdarkly.com/docs/home/flags/context-kinds */
const KIND = /^[A-Za-z0-9._-]+$/

/** Gives these contexts a variation by name, and takes them out of the targets of any other. */
export function addTargets(flag: NamedFlag, edit: TargetEdit): Edited {
  const { kind, keys } = checked(edit)
  const variation = indexOfVariation(flag, edit.variation)
  const without = dropKeys(flag, kind, keys, variation)
  const next = kind === 'user' ? addUsers(without, variation, keys) : addContexts(without, kind, variation, keys)
  const notes = flag.on ? [] : [`The flag is off: nobody sees this until "waybill flags set ${flag.key} on".`]
  return { flag: next, notes }
}

/** Takes these contexts out of the targets of a variation. */
export function removeTargets(flag: NamedFlag, edit: TargetEdit): Edited {
  const { kind, keys } = checked(edit)
  const variation = indexOfVariation(flag, edit.variation)
  const named = new Set(keys)
  const strip = (target: Target): Target =>
    target.variation === variation && kindOf(target) === kind ? withoutKeys(target, named) : target
  return { flag: mapTargets(flag, strip), notes: [] }
}

function checked({ keys, contextKind = 'user' }: TargetEdit): { kind: string; keys: readonly string[] } {
  if (!KIND.test(contextKind) || contextKind === 'kind' || contextKind === 'multi') {
    throw new Failure('bad_input', `"${contextKind}" is no kind of context: letters, digits, ".", "_" and "-"`)
  }
  if (keys.some((key) => key === '')) throw new Failure('bad_input', 'A target needs a key: an empty one was given')
  return { kind: contextKind, keys: [...new Set(keys)] }
}

const kindOf = (target: Target): string => target.contextKind || 'user'

function withoutKeys(target: Target, keys: ReadonlySet<string>): Target {
  const values = target.values ?? []
  return values.some((key) => keys.has(key)) ? { ...target, values: values.filter((key) => !keys.has(key)) } : target
}

function mapTargets(flag: NamedFlag, change: (target: Target) => Target): NamedFlag {
  return {
    ...flag,
    ...(flag.targets ? { targets: flag.targets.map(change) } : {}),
    ...(flag.contextTargets ? { contextTargets: flag.contextTargets.map(change) } : {}),
  }
}

/** Out of the other variations, and out of what a user entry of `contextTargets` holds itself: `targets` lends to it. */
function dropKeys(flag: NamedFlag, kind: string, keys: readonly string[], variation: number): NamedFlag {
  const named = new Set(keys)
  return mapTargets(flag, (target) =>
    kindOf(target) === kind && target.variation !== variation ? withoutKeys(target, named) : target,
  )
}

function addUsers(flag: NamedFlag, variation: number, keys: readonly string[]): NamedFlag {
  const contextTargets = flag.contextTargets ?? []
  // With context targets their order counts, and users are looked up only where it has a place for them. An entry with
  // keys of its own is added to; an empty one borrows from `targets`.
  const own = contextTargets.find((target) => kindOf(target) === 'user' && target.variation === variation)
  if ((own?.values ?? []).length > 0)
    return { ...flag, contextTargets: joined(contextTargets, 'user', variation, keys) }
  const next = { ...flag, targets: joined(flag.targets ?? [], 'user', variation, keys) }
  if (contextTargets.length === 0 || own !== undefined) return next
  return { ...next, contextTargets: [...contextTargets, { contextKind: 'user', variation, values: [] }] }
}

function addContexts(flag: NamedFlag, kind: string, variation: number, keys: readonly string[]): NamedFlag {
  const users = (flag.targets ?? []).map((target) => ({ contextKind: 'user', variation: target.variation, values: [] }))
  // The first context target would hide all user targets, had they no place beside it.
  const contextTargets = flag.contextTargets?.length ? flag.contextTargets : users
  return { ...flag, contextTargets: joined(contextTargets, kind, variation, keys) }
}

function joined(
  targets: readonly Target[],
  kind: string,
  variation: number,
  keys: readonly string[],
): readonly Target[] {
  const place = targets.findIndex((target) => kindOf(target) === kind && target.variation === variation)
  const entry = kind === 'user' ? { variation, values: keys } : { contextKind: kind, variation, values: keys }
  if (place === -1) return [...targets, entry]
  return targets.map((target, index) =>
    index === place ? { ...target, values: [...new Set([...(target.values ?? []), ...keys])] } : target,
  )
}
