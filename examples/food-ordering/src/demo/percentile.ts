/**
 * The nearest-rank percentile of the samples, which need not be sorted; 0 without samples.
 *
 * Exact, where CloudWatch approximates with a sketch: a demo's samples fit in memory.
 *
 * @example percentile([30, 10, 20], 95) // 30
 */
export function percentile(samples: readonly number[], percent: number): number {
  const sorted = Float64Array.from(samples).sort()
  const rank = Math.ceil((percent * sorted.length) / 100)
  return sorted[Math.max(rank, 1) - 1] ?? 0
}
