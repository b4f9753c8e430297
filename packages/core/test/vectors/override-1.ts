import { readFileSync } from 'node:fs'
import type { EvaluationContext } from '../../src/source.ts'
import type { Refusal } from '../../src/token/open.ts'

type Decisions = Readonly<Record<string, string>>

interface OverrideVectors {
  readonly sealed: readonly {
    readonly name: string
    readonly key: string
    readonly input: {
      readonly context: EvaluationContext
      readonly decisions: Decisions
      readonly ttlSeconds: number
      readonly issuedAtSeconds: number
    }
    readonly token: string
    readonly subject: string
  }[]
  readonly opened: readonly {
    readonly name: string
    readonly token: string
    readonly decisions: Decisions
    readonly nowSeconds: number
    readonly subject: string
  }[]
  readonly refused: readonly {
    readonly name: string
    readonly token: string
    readonly keys: readonly string[]
    readonly nowSeconds: number
    readonly subject: string | null
    readonly refusal: Refusal
  }[]
}

export const overrideVectors: OverrideVectors = JSON.parse(
  readFileSync(new URL('./override-1.json', import.meta.url), 'utf8'),
) as OverrideVectors
