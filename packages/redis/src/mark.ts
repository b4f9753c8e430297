import { hash } from 'node:crypto'
import type { ItemKind, StoreMeta } from '@waybill/flags'
import { textOf } from './schema.ts'

/*
 * The meta is the value of `$inited`: LaunchDarkly's readers only ask whether that exists, and their writers empty it at each
 * init. So what ld-relay has filled has no meta, and no old one misleads. It is written in the same script as the items. What
 * else their writers do behind our back, a single flag, is noticed by the counts where it is a new one, by the digest where
 * everything is read.
 */
export interface Mark extends StoreMeta {
  /** How many fields each hash has, tombstones included. */
  readonly features: number
  readonly segments: number
}

/** `undefined` for LaunchDarkly's own, which says nothing. */
export function markOf(reply: unknown): Mark | undefined {
  try {
    const { dataVersion, digest, features, segments } = JSON.parse(textOf(reply) ?? '') as Partial<Mark>
    if (typeof digest !== 'string' || typeof dataVersion !== 'number') return undefined
    return { dataVersion, digest, features: Number(features), segments: Number(segments) }
  } catch {
    return undefined
  }
}

/** Whether the hashes have as many fields as the mark says. */
export function isCounted(mark: Mark, features: number, segments: number): boolean {
  return mark.features === features && mark.segments === segments
}

export type Fields = Iterable<readonly [key: string, json: string]>

const PARTS = 5
const MODULUS = 2 ** 32

/**
 * A name for what the hashes say, tombstones included: the SHA-1 of each item, added up in five parts. A sum, so that a script
 * renews it with what one write takes away and brings, and need not read two thousand flags while all other clients wait.
 */
export function digestOf(content: Readonly<Record<ItemKind, Fields>>): string {
  const sum = new Array<number>(PARTS).fill(0)
  for (const kind of ['features', 'segments'] as const) {
    for (const [key, json] of content[kind]) {
      const bytes = hash('sha1', `${kind}\n${key}\n${json}`, 'buffer')
      for (let part = 0; part < PARTS; part += 1) {
        sum[part] = ((sum[part] ?? 0) + bytes.readUInt32BE(part * 4)) % MODULUS
      }
    }
  }
  return sum.map((part) => part.toString(16).padStart(8, '0')).join('')
}
