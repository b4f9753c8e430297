import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bucketOf, compileRollout, type RolledOut } from '../../src/compile/rollout.ts'

describe('the bucket', () => {
  // Values that LaunchDarkly's SDKs hold themselves to, recomputed with Python's hashlib.
  it.each([
    ['hashKey.saltyA.', 'userKeyA', 0.42157587],
    ['hashKey.saltyA.', 'userKeyB', 0.6708485],
    ['hashKey.saltyA.', 'userKeyC', 0.10343106],
    ['hashKey.saltyA.', 33333, 0.54771423],
    ['61.', 'userKeyA', 0.09801207],
    ['61.', 'userKeyB', 0.14483777],
    ['61.', 'userKeyC', 0.9242641],
  ])('of %s and %s is the one that every SDK computes', (prefix, value, bucket) => {
    expect(bucketOf(prefix, value)).toBeCloseTo(bucket, 7)
    expect(bucketOf(prefix, String(value))).toBe(bucketOf(prefix, value))
  })

  it('is all 15 digits of the hash, none more and none less', () => {
    fc.assert(
      fc.property(fc.string(), (key) => {
        const digits = createHash('sha1').update(`hashKey.saltyA.${key}`).digest('hex').slice(0, 15)
        expect(bucketOf('hashKey.saltyA.', key)).toBe(Number(BigInt(`0x${digits}`)) / Number(0xfffffffffffffffn))
      }),
    )
  })

  it.each([[1.5], [true], [null], [undefined], [['u']], [{ key: 'u' }]])('there is none of %j', (value) => {
    expect(bucketOf('hashKey.saltyA.', value)).toBeUndefined()
  })
})

describe('a rollout', () => {
  const fell = (rollout: Parameters<typeof compileRollout>[0], context: { key: string; kind?: string }) =>
    compileRollout<RolledOut>(rollout, 'hashKey', 'saltyA', (one) => one)?.(context)
  const halves = [
    { variation: 4, weight: 50_000 },
    { variation: 7, weight: 50_000 },
  ]

  it('gives the last variation to whoever is past the end of its weights', () => {
    const short = [
      { variation: 4, weight: 1 },
      { variation: 7, weight: 1 },
    ]
    expect(fell({ variations: short }, { key: 'userKeyB' })).toMatchObject({ variation: 7, bucketed: true })
  })

  it('takes its seed in place of key and salt, 0 being one', () => {
    expect(fell({ variations: halves, seed: 61 }, { key: 'userKeyC' })?.variation).toBe(7)
    expect(fell({ variations: halves }, { key: 'userKeyC' })?.variation).toBe(4)
    const byZero = (bucketOf('0.', 'userKeyA') ?? 1) < 0.5 ? 4 : 7
    expect(fell({ variations: halves, seed: 0 }, { key: 'userKeyA' })?.variation).toBe(byZero)
  })

  it('counts nobody into an experiment who is of another kind, or in a variation that is not tracked', () => {
    const experiment = { kind: 'experiment', variations: halves } as const
    expect(fell(experiment, { key: 'userKeyA' })).toEqual({ variation: 4, bucketed: true, inExperiment: true })
    expect(fell(experiment, { kind: 'org', key: 'userKeyA' })).toEqual({
      variation: 4,
      bucketed: false,
      inExperiment: false,
    })
    const untracked = halves.map((one) => ({ ...one, untracked: true }))
    expect(fell({ ...experiment, variations: untracked }, { key: 'userKeyA' })?.inExperiment).toBe(false)
  })

  it('is malformed without variations, or by a reference that cannot be', () => {
    expect(fell({ variations: [] }, { key: 'u' })).toBeUndefined()
    expect(fell({ variations: halves, contextKind: 'user', bucketBy: '//' }, { key: 'u' })).toBeUndefined()
  })
})
