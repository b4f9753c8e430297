import { describe, expect, it } from 'vitest'
import type { PlacedOrder } from '../../src/demo/load.ts'
import type { Rollout } from '../../src/demo/rollout.ts'
import { operatorScript } from '../../src/demo/script.ts'

const ORDERS = 100

function play(edge: (percent: number, number: number) => Pick<PlacedOrder, 'variation' | 'flagVersion'>, start = 10) {
  const said: string[] = []
  let percent = start
  let version = 1
  let number = 0
  const say = (what: string): void => void said.push(`${number}: ${what}`)
  const rollout: Rollout = {
    percent: () => percent,
    setPercent: async (next) => {
      percent = next
      version += 1
      say(`${next} %`)
      return version
    },
  }
  const script = operatorScript(ORDERS, { hold: () => say('hold'), release: () => say('release') }, rollout)
  const run = async (): Promise<readonly string[]> => {
    for (; number < ORDERS; number += 1) {
      await script.beforeOrder(number)
      script.afterOrder({ orderId: `o-${number}`, userId: 'ada', ...edge(percent, number) })
    }
    script.end()
    return said
  }
  return { run, script }
}

describe('what happens during a run', () => {
  it('raises, holds the stream up, kills, and lets go when the edge serves the kill', async () => {
    const { run, script } = play((percent, number) => ({
      variation: percent > 0 ? 'canary' : 'control',
      // The edge keeps its flags for five orders more.
      flagVersion: number < 40 ? 1 : number < 75 ? 2 : 3,
    }))
    expect(await run()).toEqual(['40: 50 %', '60: hold', '70: 0 %', '75: release', '100: release'])
    expect(script.interventions.map(({ what, percent }) => [what, percent])).toEqual([
      ['raised to 50 %', 50],
      ['killed', 0],
    ])
  })

  it('waits with the kill until an order of the canary is in the stream', async () => {
    const { run } = play((_percent, number) => ({ variation: number === 80 ? 'canary' : 'control', flagVersion: 1 }))
    expect(await run()).toEqual(['40: 50 %', '60: hold', '81: 0 %', '100: release'])
  })

  it('kills even when nobody takes the canary, for the run to end', async () => {
    const { run } = play(() => ({ variation: 'control', flagVersion: 1 }))
    expect(await run()).toContain('95: 0 %')
  })

  it('lowers nothing when it raises', async () => {
    const { run } = play(() => ({ variation: 'canary', flagVersion: 1 }), 80)
    expect(await run()).toContain('40: 80 %')
  })
})
