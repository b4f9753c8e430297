import type { FlagDeclaration } from '../../src/declared-flag.ts'
import type { JsonValue } from '../../src/json.ts'
import type { Random } from '../fuzz/random.ts'

/** A flag of the world: the tracer has so many variations that another's decision is hardly ever one's own. */
export interface WorldFlag {
  readonly key: string
  readonly variations: Readonly<Record<string, JsonValue>>
}

const TRACES = Object.fromEntries(Array.from({ length: 24 }, (_, index) => [`t${index}`, `trace ${index}`]))
const MENU = (name: string): JsonValue => ({ name, dishes: Array.from({ length: 20 }, (_, dish) => `${name} ${dish}`) })

export const worldFlags: readonly WorldFlag[] = [
  { key: 'tracer', variations: TRACES },
  { key: 'new-order-flow', variations: { control: false, canary: true } },
  { key: 'pizza:size~1', variations: { small: 10, large: 20, huge: 30.5 } },
  // Too large for a token: it travels as a digest.
  { key: 'menu', variations: { lunch: MENU('lunch'), dinner: MENU('dinner'), brunch: MENU('brunch') } },
  ...Array.from({ length: 12 }, (_, index) => ({ key: `extra.${index}`, variations: { off: false, on: true } })),
]

export type Declarations = Readonly<Record<string, FlagDeclaration>>

/** What the edge declares: the tracer, and some of the others. */
export function edgeDeclarations(random: Random): Declarations {
  return declared(random, random.chance(0.2) ? 0.9 : 0.4, true, ({ variations }) => variations)
}

/** What an inner function declares: sometimes not what the edge does, as with a deployment that is behind. */
export function innerDeclarations(random: Random, evaluates: boolean): Declarations {
  return declared(random, 0.35, evaluates, ({ variations }) => {
    const names = Object.keys(variations)
    if (random.chance(0.85)) return variations
    if (random.chance(0.5))
      return Object.fromEntries(names.slice(0, -1).map((name) => [name, variations[name] ?? null]))
    // Another kind of value under the same names, or another value that has another digest.
    const other = (name: string): JsonValue => (random.chance(0.5) ? [name] : { other: name })
    const kind = random.chance(0.5)
    return Object.fromEntries(names.map((name) => [name, kind ? other(name) : `other ${name}`]))
  })
}

const WHEN_EXPIRED = ['default', 'keep', 'evaluate', 'evaluate'] as const

function declared(
  random: Random,
  share: number,
  evaluates: boolean,
  variationsOf: (flag: WorldFlag) => Readonly<Record<string, JsonValue>>,
): Declarations {
  const chosen = worldFlags.filter(({ key }) => key === 'tracer' || random.chance(share))
  return Object.fromEntries(
    chosen.map((flag) => {
      const variations = oneKind(flag.key === 'tracer' ? flag.variations : variationsOf(flag))
      const maxAgeSeconds = random.chance(0.2) ? random.pick([30, 600, 86_400]) : undefined
      const declaration: FlagDeclaration = {
        variations,
        default: random.pick(Object.keys(variations)),
        observe: random.chance(0.3),
        inFlight: random.chance(0.4) ? 'recall' : 'keep',
        priority: random.below(3),
        ...(maxAgeSeconds === undefined ? {} : { maxAgeSeconds }),
        ...(maxAgeSeconds === undefined
          ? {}
          : { whenExpired: random.pick(evaluates ? WHEN_EXPIRED : WHEN_EXPIRED.slice(0, 2)) }),
      }
      return [flag.key, declaration]
    }),
  )
}

/** All variations of a flag are of one kind: where the dice gave two, the first one's stays. */
function oneKind(variations: Readonly<Record<string, JsonValue>>): Readonly<Record<string, JsonValue>> {
  const kindOf = (value: JsonValue): string => (Array.isArray(value) ? 'array' : typeof value)
  const [first] = Object.values(variations)
  const kind = kindOf(first ?? null)
  return Object.fromEntries(Object.entries(variations).filter(([, value]) => kindOf(value) === kind))
}
