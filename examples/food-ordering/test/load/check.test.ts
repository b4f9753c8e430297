import { describe, expect, it } from 'vitest'
import { check, type Delivery, type Way } from '../../src/load/check.ts'

const ada: Way = { orderId: 'o-1', userId: 'ada', variation: 'canary', flagVersion: 3 }
const rows = ['quote', 'fraud-check', 'acceptance', 'restaurant-notification', 'user-notification', 'points'] as const

const delivered = (row: Delivery['row'], changes: Partial<Delivery> = {}): Delivery => ({
  ...ada,
  row,
  origin: row === 'order' ? 'evaluated' : 'propagated',
  ...changes,
})

const whole: readonly Delivery[] = [delivered('order'), ...rows.map((row) => delivered(row))]

const checked = (deliveries: readonly Delivery[], accepted: readonly Way[] = [ada], imported = false) =>
  check({
    accepted: accepted.map((order) => ({ ...order, imported })),
    deliveries,
    expected: (userId, flagVersion) => (userId === 'ada' && flagVersion === 3 ? 'canary' : 'control'),
  })

describe('the check', () => {
  it('finds nothing wrong with an order that came by everywhere as the edge decided', () => {
    const { faults, hops } = checked(whole)
    expect(faults).toEqual([])
    expect(hops.map(({ due, consumed, repeats, strays }) => [due, consumed, repeats, strays])).toEqual(
      Array(6).fill([1, 1, 0, 0]),
    )
  })

  it('allows repeats, and counts them', () => {
    const { faults, hops } = checked([...whole, delivered('points'), delivered('points')])
    expect(faults).toEqual([])
    expect(hops.at(-1)).toMatchObject({ service: 'loyalty', consumed: 1, repeats: 2 })
  })

  it('allows traces of an order that was not accepted, and counts them', () => {
    const { faults, hops } = checked([delivered('order'), delivered('quote'), delivered('acceptance')], [])
    expect(faults).toEqual([])
    expect(hops.map(({ unaccepted }) => unaccepted)).toEqual([1, 0, 1, 0, 0, 0])
  })

  it('expects an imported order only from the stream on', () => {
    const { faults } = checked([delivered('order'), ...rows.slice(2).map((row) => delivered(row))], [ada], true)
    expect(faults).toEqual([])
  })

  it('finds an accepted order that never came', () => {
    expect(checked(whole.filter(({ row }) => row !== 'points')).faults).toEqual([
      'order o-1: accepted, but never came to loyalty',
    ])
  })

  it.each([
    ['another variation', { variation: 'control' }],
    ['another version of the flag', { flagVersion: 2 }],
    ["another user's order", { userId: 'bob' }],
    ['its own default', { origin: 'default' }],
  ] as const)('finds a delivery that ran under %s, repeats and unaccepted orders included', (_, changes) => {
    const stray = delivered('points', changes)
    expect(checked([...whole, stray]).faults).toHaveLength(1)
    expect(checked([delivered('order'), stray], []).faults).toHaveLength(1)
    expect(checked([...whole, stray]).hops.at(-1)).toMatchObject({ strays: 1 })
  })

  it('finds hops that disagree on an order that the edge did not live to write down', () => {
    expect(checked([delivered('quote'), delivered('fraud-check')], []).faults).toEqual([])
    expect(checked([delivered('quote'), delivered('fraud-check', { flagVersion: 2 })], []).faults).toHaveLength(1)
  })

  it('finds an edge that answers other than it records, or records nothing', () => {
    expect(checked(whole, [{ ...ada, flagVersion: 4, variation: 'control' }]).faults[0]).toBe(
      'order o-1: answered control of version 4 for ada, recorded canary of version 3 for ada',
    )
    expect(checked(whole.filter(({ row }) => row !== 'order')).faults).toEqual([
      'order o-1: accepted, but not on record',
    ])
  })

  it("finds a whole chain that agrees on what the flag's data does not say", () => {
    const wrong = { variation: 'control' }
    expect(
      checked(
        whole.map((delivery) => ({ ...delivery, ...wrong })),
        [{ ...ada, ...wrong }],
      ).faults,
    ).toEqual(["order o-1: control of version 3 for ada is not what the flag's data says"])
  })
})
