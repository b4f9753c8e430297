/**
 * A sequential test of whether a canary meets more events than its share: it may be looked at after every event and
 * stopped at any time, and is wrong in at most alpha of all harmless rollouts. It is a mixture of likelihood ratios over
 * rates `r` times control's, each martingale under the null (Lindon and Malek, "Anytime-valid inference for multinomial
 * count data", arXiv 2011.03567); Ville's inequality bounds how often the mixture ever exceeds 1 / alpha.
 *
 * It holds for events that are independent of which variation their user has: hence newly affected *users*, each once.
 */
export const RATIOS: readonly number[] = [1.25, 1.5, 2, 3, 5, 10, 20, 50]

/** Log likelihood ratios, one for each of {@link RATIOS}: all that is remembered of the past. */
export type Evidence = readonly number[]

export const NO_EVIDENCE: Evidence = RATIOS.map(() => 0)

/**
 * Adds events that were met at one canary share (0 to 1, of the users in both variations): `canary` of them by users of
 * the canary. At a share of 0 or 1 there is nothing to compare, and they say nothing.
 *
 * @example
 * ```ts
 * const evidence = withEvents(NO_EVIDENCE, { share: 0.1, canary: 6, control: 2 })
 * strengthOf(evidence) > 50 // six of eight, where a tenth was to be expected
 * ```
 */
export function withEvents(
  evidence: Evidence,
  { share, canary, control }: { readonly share: number; readonly canary: number; readonly control: number },
): Evidence {
  if (!(share > 0 && share < 1)) return evidence
  return RATIOS.map((ratio, index) => {
    const odds = (share * ratio) / (share * ratio + 1 - share)
    const gained = canary * Math.log(odds / share) + control * Math.log((1 - odds) / (1 - share))
    return (evidence[index] ?? 0) + gained
  })
}

/** How strong the evidence against the canary is: the mixture. Against a test of size alpha it is held at 1 / alpha. */
export function strengthOf(evidence: Evidence): number {
  // The largest first, so that no sum overflows: 700 is where exp does.
  const largest = Math.max(...evidence)
  const sum = evidence.reduce((total, log) => total + Math.exp(log - largest), 0)
  return Math.exp(Math.min(700, largest + Math.log(sum / evidence.length)))
}

/**
 * Whether users fell to the two variations as they should have: Pearson's chi-square with one degree of freedom. Below
 * 0.001 the counts themselves are wrong (lost stamps, a biased edge), and nothing that is computed of them can be trusted.
 */
export function sampleRatioP(
  groups: readonly { readonly share: number; readonly canary: number; readonly control: number }[],
): number {
  let expectedCanary = 0
  let variance = 0
  let canaries = 0
  for (const { share, canary, control } of groups) {
    if (!(share > 0 && share < 1)) continue
    const users = canary + control
    canaries += canary
    expectedCanary += users * share
    variance += users * share * (1 - share)
  }
  // Too few for the normal approximation: nothing can be said.
  if (variance < 5) return 1
  return twoSidedP((canaries - expectedCanary) / Math.sqrt(variance))
}

/** Complementary error function: Abramowitz and Stegun 7.1.26, absolute error below 1.5e-7. */
function twoSidedP(z: number): number {
  const x = Math.abs(z) / Math.SQRT2
  const t = 1 / (1 + 0.3275911 * x)
  const poly = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t
  return poly * Math.exp(-x * x)
}
