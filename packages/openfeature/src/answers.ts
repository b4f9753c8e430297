import { OpenFeature, type EvaluationContext as OpenFeatureContext } from '@openfeature/server-sdk'
import { canonicalJson, type DeclaredFlag, type JsonValue, type SourceAnswer } from '@waybill/core'

const MAX_KEPT = 500

/** Answers that are kept for a while, for the same flags and context. Bounded: the oldest goes first. */
export class Answers {
  readonly #keepMs: number
  readonly #nowMs: () => number
  readonly #kept = new Map<string, { readonly answer: SourceAnswer; readonly sinceMs: number }>()
  #generation = 0

  constructor(keepMs: number, nowMs: () => number) {
    this.#keepMs = keepMs
    this.#nowMs = nowMs
  }

  /** Forgets all, and what is being asked for now: it may be of the configuration before. */
  clear(): void {
    this.#generation += 1
    this.#kept.clear()
  }

  async get(
    flags: readonly DeclaredFlag[],
    context: OpenFeatureContext,
    ask: () => Promise<SourceAnswer>,
  ): Promise<SourceAnswer> {
    if (this.#keepMs === 0) return ask()
    const name = nameOf(flags, context)
    const kept = this.#kept.get(name)
    const ageMs = kept === undefined ? 0 : this.#nowMs() - kept.sinceMs
    // A clock that was put back says nothing of an age.
    if (kept !== undefined && ageMs >= 0 && ageMs < this.#keepMs) return kept.answer
    const generation = this.#generation
    const answer = await ask()
    if (generation === this.#generation && isWorthKeeping(answer)) this.#keep(name, answer)
    return answer
  }

  #keep(name: string, answer: SourceAnswer): void {
    this.#kept.delete(name)
    this.#kept.set(name, { answer, sinceMs: this.#nowMs() })
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MAX_KEPT) return
      this.#kept.delete(oldest)
    }
  }
}

/** OpenFeature merges the global and the transaction's context in: users of one key may differ by those alone. */
function nameOf(flags: readonly DeclaredFlag[], context: OpenFeatureContext): string {
  const asked = flags.map(({ key, defaultValue }) => [key, defaultValue])
  // By way of JSON: OpenFeature's own contexts may hold dates.
  const merged = JSON.stringify({ ...OpenFeature.getContext(), ...OpenFeature.getTransactionContext(), ...context })
  return canonicalJson([asked, JSON.parse(merged) as JsonValue])
}

/** A failure is asked for again: it would outlive what caused it. */
function isWorthKeeping(answer: SourceAnswer): boolean {
  return (
    answer.status === 'live' &&
    answer.decisions.every(
      (one) => !('cause' in one) || (one.cause !== 'source_unavailable' && one.cause !== 'source_failed'),
    )
  )
}
