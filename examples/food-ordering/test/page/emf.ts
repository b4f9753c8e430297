/** A line of embedded metrics, as the functions write it. */
export function emfLine(
  atSeconds: number,
  dimensions: Readonly<Record<string, string>>,
  metrics: Readonly<Record<string, number | readonly number[]>>,
): string {
  return JSON.stringify({
    _aws: {
      Timestamp: atSeconds * 1000 + 500,
      CloudWatchMetrics: [
        {
          Namespace: 'FeatureFlags',
          Dimensions: [Object.keys(dimensions)],
          Metrics: Object.keys(metrics).map((Name) => ({ Name })),
        },
      ],
    },
    ...dimensions,
    ...metrics,
  })
}
