import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware'
import middy from '@middy/core'
import { withHonouredDecisions } from '@waybill/core'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { variationMetrics } from '../src/metrics.ts'
import { event, flags, keys, type Line, parsed, pause, sink, summed, tokenOf, type Variation } from './fixture.ts'

const own: Line[] = []
beforeEach(() => {
  own.length = 0
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => own.push(parsed(String(text).trim())) > 0)
})
afterEach(() => vi.restoreAllMocks())

/** A function that uses Powertools' metrics as its documentation says, with ours around it. */
function shop(inside: (metrics: Metrics) => unknown, early = false) {
  const { lines, write } = sink()
  const ours = variationMetrics({ write })
  const metrics = new Metrics({ namespace: 'Shop', serviceName: 'orders', defaultDimensions: { shop: 'noodles' } })
  const stack = middy(async (_event: unknown, _context: unknown): Promise<unknown> => inside(metrics)).use(
    logMetrics(metrics),
  )
  if (early) {
    stack.use({
      before: () => {
        metrics.addMetric('Refused', MetricUnit.Count, 1)
        return { statusCode: 401 }
      },
    })
  }
  const handler = withHonouredDecisions(
    async (one: unknown) => {
      const answer = await stack(one, {} as never)
      ours.add('Answers', 'Count', 1)
      return answer
    },
    { flags, keys, observers: [ours] },
  )
  return { lines, run: (variation: Variation) => handler(event(tokenOf(variation))) }
}

describe("beside the user's own metrics", () => {
  test('a middleware that answers early is over, and leaves nothing to the next invocation', async () => {
    const { lines, run } = shop(() => 'handled', true)
    expect(await run('canary')).toEqual({ statusCode: 401 })
    const first = lines.length
    expect(await run('control')).toEqual({ statusCode: 401 })
    expect(summed(lines.slice(0, first), 'Error')).toEqual({ canary: '0 of 1' })
    expect(summed(lines.slice(first), 'Error')).toEqual({ control: '0 of 1' })
    expect(summed(lines, 'Answers')).toEqual({ canary: '1 of 1', control: '1 of 1' })
    // Theirs waits in their instance: Middy skips the end of `logMetrics` too. None of it gets into ours.
    expect(lines.some((line) => 'Refused' in line)).toBe(false)
  })

  test('more than 100 values of theirs are flushed as they are, and ours keep their dimensions', async () => {
    const { lines, run } = shop(async (metrics) => {
      for (let number = 0; number < 250; number += 1) metrics.addMetric('Orders', MetricUnit.Count, 1)
      await pause()
    })
    await Promise.all([run('canary'), run('control')])
    expect(own.flatMap((line) => line['Orders'] as number[])).toHaveLength(500)
    expect(own.every((line) => !('variation' in line))).toBe(true)
    expect(summed(lines, 'Started')).toEqual({ canary: '1 of 1', control: '1 of 1' })
    expect(summed(lines, 'Error')).toEqual({ canary: '0 of 1', control: '0 of 1' })
    expect(lines.every((line) => !('Orders' in line) && !('shop' in line))).toBe(true)
  })
})
