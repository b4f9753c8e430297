import type { Random } from './random.ts'

/** One way to damage a token: `other` is another real one. */
export type Mutation = (text: string, other: string, random: Random) => string

const ALPHABET = [...'ABCZabcz0189._~:%=-']
const OTHERS = [...'+/, \n\r\t"\\\0éſİ．ａ\u200b\u0301\ud800\udfff🍕']
const ANY = [...ALPHABET, ...OTHERS]

/** Text of the token alphabet; some of it shaped like a token, so that it gets further than the prefix. */
export function randomText(random: Random): string {
  const length = random.chance(0.97) ? random.below(200) : random.below(9000)
  let chars = ''
  for (let left = Math.min(length, 100 + random.below(100)); left > 0; left -= 1) chars += random.pick(ALPHABET)
  if (chars.length > 0) chars = chars.repeat(Math.ceil(length / chars.length))
  switch (random.below(4)) {
    case 0:
      return `wb1.${chars}`
    case 1:
      return `wb1.k${1 + random.below(2)}.${random.below(1e9).toString(36)}.${chars}`
    default:
      return chars
  }
}

const at = (text: string, random: Random): number => random.below(text.length + 1)

function range(text: string, random: Random): readonly [number, number] {
  const [a, b] = [at(text, random), at(text, random)]
  return a < b ? [a, Math.min(b, a + 400)] : [b, Math.min(a, b + 400)]
}

/** The seven parts; entries may hold dots. */
function parts(text: string): string[] {
  const pieces = text.split('.')
  return pieces.length < 8 ? pieces : [...pieces.slice(0, 5), pieces.slice(5, -1).join('.'), pieces.at(-1) ?? '']
}

function withPart(text: string, index: number, change: (part: string) => string): string {
  const all = parts(text)
  return all.map((part, place) => (place === index ? change(part) : part)).join('.')
}

function entries(text: string, change: (all: string[]) => string[]): string {
  return withPart(text, 5, (body) => change(body.split('~')).join('~'))
}

const KEY_IDS = ['k1', 'k2', 'K1', 'K2', 'k0', 'k3', '-', '', '__proto__', 'constructor', 'k2k2k2k2k2k2k2k2k2', 'ｋ2']
const PREFIXES = ['wb2', 'wb10', 'wb0', 'wb01', 'wb999', 'wb1000', 'wbo1', 'WB1', 'wb', '', ' wb1', 'wb1.wb1', 'ｗb1']

export const mutations: Readonly<Record<string, Mutation>> = {
  flipBit: (text, _other, random) => {
    const place = random.below(text.length)
    const code = text.charCodeAt(place) ^ (1 << random.below(7))
    return text.slice(0, place) + String.fromCharCode(code) + text.slice(place + 1)
  },
  replace: (text, _other, random) => {
    const place = random.below(text.length)
    return text.slice(0, place) + random.pick(ALPHABET) + text.slice(place + 1)
  },
  insert: (text, _other, random) => {
    const place = at(text, random)
    return text.slice(0, place) + random.pick(ANY) + text.slice(place)
  },
  remove: (text, _other, random) => {
    const place = random.below(text.length)
    return text.slice(0, place) + text.slice(place + 1)
  },
  cut: (text, _other, random) => {
    const [start, end] = range(text, random)
    return text.slice(0, start) + text.slice(end)
  },
  truncate: (text, _other, random) => text.slice(0, at(text, random)),
  behead: (text, _other, random) => text.slice(at(text, random)),
  repeat: (text, _other, random) => {
    const [start, end] = range(text, random)
    return text.slice(0, end) + text.slice(start, end).repeat(1 + random.below(30)) + text.slice(end)
  },
  extend: (text, _other, random) => text + randomText(random),
  splice: (text, other, random) => text.slice(0, at(text, random)) + other.slice(at(other, random)),
  swapPart: (text, other, random) => {
    const index = random.below(7)
    return withPart(text, index, () => parts(other)[index] ?? '')
  },
  splitSignature: (text, other, random) => {
    const [mine, theirs] = [text.lastIndexOf('.') + 1, other.lastIndexOf('.') + 1]
    const half = random.below(22)
    return text.slice(0, mine + half) + other.slice(theirs + half)
  },
  signatureEnd: (text, _other, random) => text.slice(0, -1) + random.pick(ALPHABET),
  signatureForm: (text, _other, random) => {
    const form = random.pick(['=', '==', '\n', ' ', '\0', '.'])
    return random.chance(0.5) ? text + form : text.replaceAll('-', '+').replaceAll('_', '/')
  },
  reorderEntries: (text, _other, random) => entries(text, (all) => random.shuffled(all)),
  repeatEntry: (text, _other, random) => entries(text, (all) => [...all, random.pick(all)]),
  dropEntry: (text, _other, random) => entries(text, (all) => all.toSpliced(random.below(all.length), 1)),
  borrowEntry: (text, other, random) =>
    entries(text, (all) => [...all, random.pick((parts(other)[5] ?? '').split('~'))]),
  emptyEntries: (text, _other, random) => entries(text, (all) => [...all, ...Array(random.below(200)).fill('')]),
  keyId: (text, _other, random) => withPart(text, 1, () => random.pick(KEY_IDS)),
  prefix: (text, _other, random) => withPart(text, 0, () => random.pick(PREFIXES)),
  moment: (text, _other, random) =>
    withPart(text, 2, (part) => random.pick(['0', '', '-1', '00', 'zzzzzzzzz', 'NaN', '1e9', `0${part}`])),
  subject: (text, other, random) =>
    withPart(text, 3, () => random.pick([parts(other)[3] ?? '', '', 'A'.repeat(65), '%41'])),
  extras: (text, _other, random) =>
    withPart(text, 4, (part) => `${part}~${random.pick(['aprices.internal', 'a', 'd1', 'd', 'd-1', 'zx', '', '~~'])}`),
  escape: (text, _other, random) => {
    const place = random.below(text.length)
    const code = text.charCodeAt(place).toString(16)
    return `${text.slice(0, place)}%${random.chance(0.5) ? code.toUpperCase() : code}${text.slice(place + 1)}`
  },
  case: (text, _other, random) => {
    const [start, end] = range(text, random)
    const change = (part: string): string => (random.chance(0.5) ? part.toUpperCase() : part.toLowerCase())
    return text.slice(0, start) + change(text.slice(start, end)) + text.slice(end)
  },
  // Characters that become the right ones when somebody cuts them to a byte.
  wide: (text, _other, random) => {
    const place = random.below(text.length)
    return text.slice(0, place) + String.fromCharCode(text.charCodeAt(place) + 256) + text.slice(place + 1)
  },
  joined: (text, other, random) => `${text}${random.pick([',', ', ', ';', '\n', ' ', '\r\n'])}${other}`,
  oversize: (text, _other, random) => text.padEnd(8192 + random.below(3) - 1, random.pick(ALPHABET)),
}

const all = Object.values(mutations)

export function mutated(text: string, other: string, random: Random): string {
  let damaged = text
  for (let times = 1 + random.below(3); times > 0; times -= 1) {
    damaged = damaged === '' ? other : random.pick(all)(damaged, other, random)
  }
  return damaged
}
