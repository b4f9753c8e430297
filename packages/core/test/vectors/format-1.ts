import { readFileSync } from 'node:fs'
import type { JsonValue } from '../../src/json.ts'
import { type KeyInput, type KeyRing, keyRing } from '../../src/keys.ts'
import type { EvaluationContext } from '../../src/source.ts'
import type { Expectations, Refusal } from '../../src/token/open.ts'
import type { DecisionInput, Waybill } from '../../src/waybill.ts'

/** What a token says, as plain JSON. */
export interface Reading {
  readonly subject: string | null
  readonly decidedAtSeconds: number
  readonly droppedCount: number
  readonly decisions: readonly object[]
}

interface SealedVector {
  readonly name: string
  readonly key: string
  readonly input: { decidedAtSeconds: number; subject?: string; decisions: readonly DecisionInput[] }
  readonly options: { readonly audience?: string; readonly maxBytes?: number }
  readonly token: string
  readonly opens: Reading
}

interface OpenedVector {
  readonly name: string
  readonly token: string
  readonly expect: Expectations
  readonly opens: Reading
  readonly resealed: readonly Pick<SealedVector, 'key' | 'options' | 'token'>[]
}

interface RefusedVector {
  readonly name: string
  readonly token: string
  readonly keys: readonly string[]
  readonly expect: Expectations
  readonly refusal: Refusal
}

interface Vectors {
  readonly keys: Readonly<Record<string, string>>
  readonly subjectSecret: string
  readonly subjects: readonly { context: EvaluationContext; canonicalKey: string; fingerprint: string }[]
  readonly digests: readonly { value: JsonValue; canonical: string; digest: string }[]
  readonly sealed: readonly SealedVector[]
  readonly opened: readonly OpenedVector[]
  readonly refused: readonly RefusedVector[]
}

export const vectorsFile: URL = new URL('./format-1.json', import.meta.url)
export const vectors: Vectors = JSON.parse(readFileSync(vectorsFile, 'utf8')) as Vectors

const keyInput = (id: string): KeyInput => ({ id, secret: vectors.keys[id] ?? '' })

/** A ring that signs with one of the vectors' keys and verifies with all of them. */
export function ringSigning(id: string): KeyRing {
  const verifying = Object.keys(vectors.keys)
    .filter((other) => other !== id)
    .map(keyInput)
  return keyRing({ signing: keyInput(id), verifying, subjectSecret: vectors.subjectSecret })
}

export function ringVerifying(ids: readonly string[]): KeyRing {
  return keyRing({ verifying: ids.map(keyInput) })
}

/** A waybill as the vectors write it down. */
export function readingOf(waybill: Waybill): Reading {
  const decisions = [...waybill.decisions.values()].map(({ origin: _, ...decision }) => decision)
  const { subject = null, decidedAtSeconds, droppedCount } = waybill
  return { subject, decidedAtSeconds, droppedCount, decisions }
}
