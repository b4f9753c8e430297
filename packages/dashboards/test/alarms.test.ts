import { describe, expect, it } from 'vitest'
import { type Alarm, variationAlarms } from '../src/alarms.ts'

const flags = [{ flag: 'new-order-flow', canary: 'canary', control: 'control' }]
const alarms = variationAlarms({ services: ['a', 'b'], flags, actions: ['arn:aws:sns:eu-west-1:1:ops'] })
const named = (end: string): Alarm => {
  const found = alarms.find(({ AlarmName }) => AlarmName.endsWith(end))
  if (found === undefined) throw new Error(`no alarm ${end}`)
  return found
}

describe('alarms per variation', () => {
  it('are one over everything, and three for each flag and service, each under its own name', () => {
    expect(alarms).toHaveLength(1 + 2 * 3)
    expect(new Set(alarms.map(({ AlarmName }) => AlarmName)).size).toBe(alarms.length)
  })

  it('need three bad periods of five, and no data is no alarm', () => {
    for (const alarm of alarms) {
      expect([alarm.DatapointsToAlarm, alarm.EvaluationPeriods]).toEqual([3, 5])
      expect(alarm.TreatMissingData).toBe('notBreaching')
      expect(alarm.AlarmActions).toEqual(['arn:aws:sns:eu-west-1:1:ops'])
    }
  })

  it('return one series each, from at most ten metrics, and compute with their own', () => {
    for (const { Metrics } of alarms) {
      expect(Metrics.filter(({ ReturnData }) => ReturnData)).toHaveLength(1)
      expect(Metrics.length).toBeLessThanOrEqual(10)
      const ids = Metrics.map(({ Id }) => Id)
      for (const id of ids) expect(id).toMatch(/^[a-z][a-zA-Z0-9_]*$/)
      const [{ Expression = '' } = {}] = Metrics.filter(({ ReturnData }) => ReturnData)
      if (Expression.startsWith('SELECT')) continue
      for (const word of Expression.match(/[a-z]+/g) ?? []) expect(ids).toContain(word)
    }
  })

  it('hold the canary against control only where both have been asked often enough', () => {
    const difference = named('new-order-flow-b-worse').Metrics.at(-1)
    expect(difference?.Expression).toBe('IF(canaries >= 20 AND controls >= 20, 100 * (canary - control), 0)')
  })

  it('watch the canary of the service they are named after', () => {
    const watched = named('new-order-flow-b-errors').Metrics.flatMap(({ MetricStat }) => MetricStat?.Metric ?? [])
    for (const { Namespace, MetricName, Dimensions } of watched) {
      expect([Namespace, MetricName]).toEqual(['FeatureFlags', 'Error'])
      expect(Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name, Value]))).toEqual({
        flag: 'new-order-flow',
        service: 'b',
        variation: 'canary',
      })
    }
    expect(watched).toHaveLength(2)
  })

  it('ask Metrics Insights for every variation at once (the query is not executed by any engine here)', () => {
    expect(named('any-variation').Metrics).toEqual([
      {
        Id: 'rate',
        Expression:
          'SELECT AVG(Error) FROM SCHEMA("FeatureFlags", flag, service, variation) GROUP BY flag, service, variation',
        Label: 'error rate',
        Period: 60,
        ReturnData: true,
      },
    ])
    expect(named('any-variation').Threshold).toBe(0.05)
  })
})
