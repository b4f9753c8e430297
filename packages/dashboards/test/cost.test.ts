import { describe, expect, it } from 'vitest'
import { costOf } from '../src/cost.ts'

describe('the estimate of costs', () => {
  it('bills three metrics for each service, flag and variation', () => {
    const estimate = costOf({ services: 5, variationsByFlag: Array(10).fill(2), origins: 0, codes: 0 })
    expect(estimate).toMatchObject({ metrics: 300, dollars: 90 })
  })

  it('adds business metrics, origins and codes, alarms and dashboards', () => {
    const estimate = costOf({
      services: 2,
      variationsByFlag: [2, 3],
      businessMetrics: 1,
      origins: 3,
      codes: 5,
      alarmMetrics: 12,
      dashboards: 1,
    })
    expect(estimate.lines.map(({ count, dollars }) => [count, dollars])).toEqual([
      [30, 9],
      [10, 3],
      [16, 4.8],
      [12, 1.2],
      [1, 3],
    ])
    expect(estimate.dollars).toBe(21)
  })

  it('adds a metric where affected users are one', () => {
    const estimate = costOf({ services: 5, variationsByFlag: [2], affectedUsers: true, origins: 0, codes: 0 })
    expect(estimate.lines).toEqual([
      { what: 'Started, Error, Latency, AffectedUsers by flag and variation', count: 40, dollars: 12 },
    ])
  })

  it('follows the tiers of the price list', () => {
    const estimate = costOf({ services: 100, variationsByFlag: Array(20).fill(2), origins: 0, codes: 0 })
    expect(estimate).toMatchObject({ metrics: 12_000, dollars: 10_000 * 0.3 + 2_000 * 0.1 })
  })

  it('is nothing for nothing', () => {
    expect(costOf({ services: 0, variationsByFlag: [] })).toEqual({ metrics: 0, lines: [], dollars: 0 })
  })
})
