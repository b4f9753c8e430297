import { isWaybillError } from '@waybill/core'
import { describe, expect, it } from 'vitest'
import { checkedPlan, type RolloutPlan } from '../src/plan.ts'
import { CODEDEPLOY_PRESETS, canary, linear, presetSteps } from '../src/presets.ts'

const base = { id: 'r-1', flag: 'new-order-flow', canary: 'canary', control: 'control' }
const steps = [
  { percent: 5, holdMinutes: 10 },
  { percent: 100, holdMinutes: 0 },
]

describe("CodeDeploy's presets", () => {
  // https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html
  it.each([
    ['LambdaAllAtOnce', '100@0'],
    ['LambdaCanary10Percent5Minutes', '10@5 100@0'],
    ['LambdaCanary10Percent10Minutes', '10@10 100@0'],
    ['LambdaCanary10Percent15Minutes', '10@15 100@0'],
    ['LambdaCanary10Percent30Minutes', '10@30 100@0'],
    ['LambdaLinear10PercentEvery1Minute', '10@1 20@1 30@1 40@1 50@1 60@1 70@1 80@1 90@1 100@0'],
    ['LambdaLinear10PercentEvery2Minutes', '10@2 20@2 30@2 40@2 50@2 60@2 70@2 80@2 90@2 100@0'],
    ['LambdaLinear10PercentEvery3Minutes', '10@3 20@3 30@3 40@3 50@3 60@3 70@3 80@3 90@3 100@0'],
    ['LambdaLinear10PercentEvery10Minutes', '10@10 20@10 30@10 40@10 50@10 60@10 70@10 80@10 90@10 100@0'],
  ])('%s is %s', (name, expected) => {
    for (const preset of [name, `CodeDeployDefault.${name}`]) {
      const made = checkedPlan({ ...base, preset }).steps
      expect(made.map(({ percent, holdMinutes }) => `${percent}@${holdMinutes}`).join(' ')).toBe(expected)
    }
  })

  it('are all of them', () => {
    expect(Object.keys(CODEDEPLOY_PRESETS)).toHaveLength(9)
    expect(presetSteps('LambdaCanary10Percent7Minutes')).toBeUndefined()
    expect(presetSteps('constructor')).toBeUndefined()
  })

  it('can be of any size: TimeBasedCanary and TimeBasedLinear', () => {
    expect(canary(3, 7).map(({ percent }) => percent)).toEqual([3, 100])
    expect(linear(30, 1).map(({ percent }) => percent)).toEqual([30, 60, 90, 100])
  })
})

describe('a plan', () => {
  it('has the defaults that are written down', () => {
    expect(checkedPlan({ ...base, steps })).toMatchObject({
      alpha: 0.02,
      bakeMinutes: 10,
      deadManMinutes: 15,
      lagMinutes: 2,
      minUsers: 0,
      inFlight: 'recall',
      approvals: [],
      alarms: [],
      guardrails: [{ kind: 'errored-users', alphaShare: 1 }],
    })
  })

  it.each<[string, Partial<Record<keyof RolloutPlan, unknown>> & { hold?: number }, string]>([
    ['an id with spaces', { id: 'my rollout' }, 'id'],
    ['no flag', { flag: '' }, 'flag'],
    ['one variation against itself', { control: 'canary' }, 'control'],
    ['steps and a preset', { preset: 'LambdaAllAtOnce' }, 'steps'],
    ['neither', { steps: undefined }, 'steps'],
    ['an unknown preset', { steps: undefined, preset: 'Fast' }, 'preset'],
    ['a falling ramp', { steps: [steps[1], steps[0]] }, 'steps[1].percent'],
    ['a step of more than everybody', { steps: [{ percent: 101, holdMinutes: 1 }] }, 'steps[0].percent'],
    ['a ramp that never gets to everybody', { steps: [steps[0]] }, 'steps[0].percent'],
    ['a step without a time', { steps: [{ percent: 10 }] }, 'steps[0].holdMinutes'],
    ['a step that is null', { steps: [null] }, 'steps[0].percent'],
    ['more alpha than there is', { alpha: 0.9 }, 'alpha'],
    ['a lag below two minutes', { lagMinutes: 1 }, 'lagMinutes'],
    ['an approval of no step', { approvals: [5] }, 'approvals'],
    ['alarms that are no names', { alarms: [7] }, 'alarms'],
    [
      'users to wait for where nobody is counted',
      { minUsers: 5, steps: [{ percent: 100, holdMinutes: 0 }] },
      'minUsers',
    ],
    ['half a user', { minUsers: 0.5 }, 'minUsers'],
    ['an unknown in-flight policy', { inFlight: 'drop' }, 'inFlight'],
    ['no guardrail at all', { guardrails: [] }, 'guardrails'],
    ['an unknown guardrail', { guardrails: [{ kind: 'feelings' }] }, 'guardrails[0].kind'],
    [
      'a guardrail twice',
      { guardrails: Array(2).fill({ kind: 'errored-users', alphaShare: 0.5 }) },
      'guardrails[1].kind',
    ],
    [
      'alpha spent twice',
      {
        guardrails: [
          { kind: 'errored-users', alphaShare: 0.7 },
          { kind: 'slow-users', alphaShare: 0.7 },
        ],
      },
      'guardrails',
    ],
    ['a misspelt field', { bakeMinuts: 5 } as never, 'bakeMinuts'],
    ['a misspelt field of a step', { steps: [{ ...steps[0], minutes: 5 }] }, 'steps[0].minutes'],
    [
      'a misspelt field of a guardrail',
      { guardrails: [{ kind: 'error-rate', maxPercent: 5, minRequest: 5 }] },
      'guardrails[0].minRequest',
    ],
    [
      'a misplaced field of a guardrail',
      { guardrails: [{ kind: 'errored-users', alphaShare: 1, maxPercent: 5 }] },
      'guardrails[0].maxPercent',
    ],
    ...[Number.NaN, '5', 0, -1].map((minRequests): [string, object, string] => [
      `a least of ${minRequests} requests`,
      { guardrails: [{ kind: 'unfinished', maxPercent: 5, minRequests }] },
      'guardrails[0].minRequests',
    ]),
    ['a name that no recall can carry', { control: 'c'.repeat(65) }, 'control'],
    [
      'steps that weights cannot tell apart',
      { steps: [10.0001, 10.0002].map((percent) => ({ percent, holdMinutes: 1 })) },
      'steps[1].percent',
    ],
  ])('is refused by the name of the field: %s', (_, change, field) => {
    let thrown: unknown
    try {
      checkedPlan({ ...base, steps, ...change } as RolloutPlan)
    } catch (error) {
      thrown = error
    }
    expect(isWaybillError(thrown) && thrown.code).toBe('bad_option')
    expect(String(thrown)).toContain(`"${field}"`)
  })

  it('has its percentages as weights can say them', () => {
    const thirds = [100 / 3, 200 / 3, 100].map((percent) => ({ percent, holdMinutes: 1 }))
    expect(checkedPlan({ ...base, steps: thirds }).steps.map(({ percent }) => percent)).toEqual([33.333, 66.667, 100])
  })

  it('is refused where it is nothing of the kind', () => {
    for (const nothing of [null, 'plan', 7, []]) expect(() => checkedPlan(nothing as never)).toThrow('"id"')
  })
})
