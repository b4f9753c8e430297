import { arrivals } from '../../src/carriers/arrivals.ts'
import { openToken } from '../../src/token/open.ts'
import { openOverride } from '../../src/token/override.ts'
import { corpus } from './corpus.ts'
import { type HostileText, hostileBodies, hostileOverrides, hostileTokens } from './hostile.ts'
import { bestOf } from './slowest.ts'

/** How long one text takes at a size, and how much longer at twice the size. */
export interface Timing {
  readonly what: string
  readonly tookMs: number
  readonly growth: number
}

const MAX_BYTES = 8192
const MAX_OVERRIDE_BYTES = 2048
const ROUNDS = 60

/** The best of many, on a ring that has seen nothing: once seen, a token is a look-up. */
export function openingMs(seed: number, text: string): number {
  const { ring } = corpus(seed)
  return bestOf(ROUNDS, ring, (keys) => void openToken(text, keys))
}

/** Each text that was made to be slow: in the time of 8 KiB, and by how much it grows from 4 KiB to there. */
export function hostileTimings(seed: number): readonly Timing[] {
  const { ring, signed } = corpus(seed)
  const tokens = Object.entries(hostileTokens).map(([what, make]) => {
    const at = (bytes: number): number => {
      const text = signed(fitting(make, bytes - 23))
      return bestOf(ROUNDS, ring, (keys) => void openToken(text, keys))
    }
    return timing(`token: ${what}`, at, MAX_BYTES)
  })
  const bodies = Object.entries(hostileBodies).map(([what, make]) => {
    const at = (bytes: number): number => {
      const event = { Records: [{ eventSource: 'aws:sqs', messageId: 'm', body: fitting(make, bytes) }] }
      return bestOf(ROUNDS, () => event, arrivals)
    }
    const small = timing(`body: ${what}`, at, MAX_BYTES)
    // Bodies may be as large as a message: their growth is measured where it would show.
    return { ...small, growth: timing('', at, 16 * MAX_BYTES).growth }
  })
  const overrides = Object.entries(hostileOverrides).map(([what, make]) => {
    const at = (bytes: number): number => {
      const text = signed(fitting(make, bytes - 23), 'override')
      return bestOf(ROUNDS, ring, (keys) => void openOverride(text, keys, { nowSeconds: 0, subject: undefined }))
    }
    return timing(`override: ${what}`, at, MAX_OVERRIDE_BYTES)
  })
  return [...tokens, ...overrides, ...bodies]
}

function timing(what: string, at: (bytes: number) => number, bytes: number): Timing {
  let tookMs = Number.POSITIVE_INFINITY
  let growth = Number.POSITIVE_INFINITY
  // Whoever shares the machine can make a text slow once, and not five times.
  for (let attempt = 0; attempt < 5 && growth > 2.5; attempt += 1) {
    const half = at(bytes / 2)
    const whole = at(bytes)
    tookMs = Math.min(tookMs, whole)
    growth = Math.min(growth, whole / half)
  }
  return { what, tookMs, growth }
}

/** The largest text of its family that is no longer than this. */
function fitting(make: HostileText, bytes: number): string {
  let size = bytes
  let text = make(size)
  while (text.length > bytes && size > 1) {
    size -= Math.max(1, text.length - bytes)
    text = make(Math.max(1, size))
  }
  return text
}
