import type { JsonValue } from '../../src/json.ts'
import { type KeyRing, keyRing, type Purpose, unsignedKeysForLocalUse } from '../../src/keys.ts'
import { sealToken } from '../../src/token/seal.ts'
import { createWaybill, type DecisionInput } from '../../src/waybill.ts'
import { realOverrides } from './override-fuzz.ts'
import { type Random, seededRandom } from './random.ts'

/** A real token, and what its reader must demand to get it. */
export interface Sealed {
  readonly text: string
  readonly audience: string | undefined
  readonly subject: string | undefined
  readonly decidedAtSeconds: number
}

/** What fuzzing starts from: tokens that the ring must believe, and real ones that it must not. */
export interface Corpus {
  /** Makes a new ring of the same keys, which has seen no token yet. */
  readonly ring: () => KeyRing
  readonly sealed: ReadonlyMap<string, Sealed>
  /** Those of them that any receiver believes: meant for nobody in particular. */
  readonly believable: readonly string[]
  /** Signed with other secrets under the same key ids, for another purpose, with a retired key, or not at all. */
  readonly foreign: readonly string[]
  /** All of them: what is mutated. */
  readonly all: readonly string[]
  /** Overrides of testers, which are no tokens: only an edge takes them, and only as overrides. */
  readonly overrides: ReadonlySet<string>
  /** A correct signature over any text: what lies behind the signature is fuzzed with it. */
  readonly signed: (text: string, purpose?: Purpose) => string
}

export const NOW_SECONDS = 1_790_000_000
/** Most tokens are small; some are as large as they may be. */
const COUNTS = [0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 5, 5, 10, 10, 50, 128]
export const AUDIENCE = 'prices.internal'
export const SUBJECTS: readonly string[] = ['subjectsubject00', 'subjectsubject01', '']

const secret = (byte: number): Buffer => Buffer.alloc(32, byte)

export function corpus(seed: number): Corpus {
  const random = seededRandom(seed, 0xc0ffee)
  const ring = (): KeyRing =>
    keyRing({
      signing: { id: 'k2', secret: secret(2) },
      verifying: [
        { id: 'k1', secret: secret(1) },
        { id: 'K2', secret: secret(12) },
      ],
      subjectSecret: secret(9),
    })
  const signers = [ring(), keyRing({ signing: { id: 'k1', secret: secret(1) } })]
  const strangers = [
    keyRing({ signing: { id: 'k2', secret: secret(22) } }),
    keyRing({ signing: { id: 'k1', secret: secret(2) } }),
    keyRing({ signing: { id: 'k0', secret: secret(10) } }),
    unsignedKeysForLocalUse(),
  ]
  const sealed = new Map<string, Sealed>()
  const foreign: string[] = []
  for (let index = 0; index < 160; index += 1) {
    const subject = random.pick(SUBJECTS)
    const decidedAtSeconds = NOW_SECONDS - random.below(100_000)
    const audience = random.chance(0.3) ? AUDIENCE : undefined
    const decisions = someDecisions(random, random.pick(COUNTS))
    const waybill = createWaybill({ ...(subject === '' ? {} : { subject }), decidedAtSeconds, decisions })
    const options = { maxBytes: 8192, ...(audience === undefined ? {} : { audience }) }
    const { token } = sealToken(waybill, random.pick(signers), options)
    const oldest = decisions.length === 0 ? 0 : decidedAtSeconds
    if (token !== undefined) {
      sealed.set(token, { text: token, audience, subject: subject || undefined, decidedAtSeconds: oldest })
    }
    foreign.push(sealToken(waybill, random.pick(strangers), options).token ?? '')
  }
  const { signer } = ring()
  if (signer === undefined) throw new Error('the ring has no signer')
  for (const { text } of [...sealed.values()].slice(0, 10)) {
    const body = text.slice(0, text.lastIndexOf('.')).replace(/^wb1\.k[12]\./, 'wb1.k2.')
    foreign.push(`${body}.${signer.sign('override', body)}`)
  }
  const overrides = realOverrides(ring(), random, NOW_SECONDS)
  for (const stranger of strangers.slice(0, 3)) {
    const secret = keyRing({ signing: { id: 'k2', secret: Buffer.alloc(32, 77) }, subjectSecret: Buffer.alloc(32, 9) })
    foreign.push(...realOverrides({ ...secret, signer: stranger.signer }, random, NOW_SECONDS))
  }
  return {
    ring,
    sealed,
    overrides,
    believable: [...sealed.values()].filter(({ audience }) => audience === undefined).map(({ text }) => text),
    foreign,
    all: [...sealed.keys(), ...overrides, ...foreign],
    signed: (text, purpose = 'decisions') => `${text}.${signer.sign(purpose, text)}`,
  }
}

const NAMES = ['new-order-flow', 'größe', '%41', '=', '~', 'a.b', '__proto__', 'x'.repeat(200), '🍕', ':']
const VALUES: readonly JsonValue[] = [
  true,
  false,
  null,
  0,
  -1.5e300,
  '',
  'text with, all; kinds "of" \\ things',
  'y'.repeat(300),
  { cm: 42, deep: [[[{}]]] },
  [1, 2, 3],
]

function someDecisions(random: Random, count: number): readonly DecisionInput[] {
  const plain = random.chance(0.6)
  return Array.from({ length: count }, (_, index) => ({
    flag: plain ? `flag-${index}` : `${random.pick(NAMES)}${index}`,
    variation: plain ? 'on' : random.pick(NAMES),
    value: plain ? random.chance(0.5) : random.pick(VALUES),
    version: random.below(1000),
    bucketed: random.chance(0.5),
    track: random.chance(0.1),
  }))
}
