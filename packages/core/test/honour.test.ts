import { describe, expect, test } from 'vitest'
import { type DeclaredFlag, declaredFlag, type FlagDeclaration } from '../src/declared-flag.ts'
import { decided, honoured } from '../src/honour.ts'
import { keyRing } from '../src/keys.ts'
import type { Recall, SourceDecision } from '../src/source.ts'
import { openToken } from '../src/token/open.ts'
import { sealToken } from '../src/token/seal.ts'
import { createWaybill, type DecisionInput, type Waybill, waybillOf } from '../src/waybill.ts'

const keys = keyRing({ signing: { id: 'k1', secret: Buffer.alloc(32, 1) } })
const NOW = 1_790_000_000

const flow = (more: Partial<FlagDeclaration> = {}): DeclaredFlag =>
  declaredFlag('flow', { variations: { control: false, canary: true, beta: true }, default: 'control', ...more })

/** A waybill as an inner function gets it. */
function arrived(decision: Omit<DecisionInput, 'flag'>, flag = 'flow'): Waybill {
  const waybill = createWaybill({ decidedAtSeconds: NOW - 100, decisions: [{ flag, ...decision }] })
  const opened = openToken(sealToken(waybill, keys).token ?? '', keys)
  if ('refusal' in opened) throw new Error(opened.refusal)
  return opened.waybill
}

const canary = { variation: 'canary', value: true, version: 7, reason: 'FALLTHROUGH' } as const
const defaultFor = (cause: string) => ({
  variation: 'control',
  value: false,
  origin: 'default',
  reason: 'DEFAULT',
  cause,
})

describe('a decision that arrived', () => {
  test('is honoured as it was made', () => {
    expect(honoured(flow(), arrived(canary), NOW, [])).toMatchObject({ ...canary, origin: 'propagated' })
    expect(honoured(flow(), arrived(canary), NOW, [])).not.toHaveProperty('cause')
  })

  test('is honoured when it is a negative, or a default', () => {
    const off = { variation: 'control', value: false, reason: 'DEFAULT' } as const
    expect(honoured(flow({ default: 'canary' }), arrived(off), NOW, [])).toMatchObject({ ...off, origin: 'propagated' })
  })

  test('gives way to the default when this function does not declare its variation', () => {
    expect(honoured(flow(), arrived({ ...canary, variation: 'gone' }), NOW, [])).toMatchObject(
      defaultFor('undeclared_variation'),
    )
  })

  test('gives way to the default when its value is of another kind', () => {
    expect(honoured(flow(), arrived({ ...canary, value: 'true' }), NOW, [])).toMatchObject(defaultFor('wrong_type'))
  })

  test('gives way to the default when it is older than the flag allows, measured from when it was made', () => {
    const waybill = arrived(canary)
    expect(honoured(flow({ maxAgeSeconds: 100 }), waybill, NOW, [])).toMatchObject({ variation: 'canary' })
    expect(honoured(flow({ maxAgeSeconds: 99 }), waybill, NOW, [])).toMatchObject(defaultFor('expired'))
  })

  test('does not age where it was made', () => {
    const own = createWaybill({ decidedAtSeconds: NOW - 100, decisions: [{ flag: 'flow', ...canary }] })
    expect(honoured(flow({ maxAgeSeconds: 1 }), own, NOW, [])).toMatchObject({ variation: 'canary' })
  })
})

describe('a flag that did not arrive', () => {
  test('has its default, as undecided', () => {
    expect(honoured(flow(), arrived(canary, 'other'), NOW, [])).toMatchObject(defaultFor('undecided'))
  })

  test('has its default, as dropped, when decisions were shed on the way', () => {
    expect(honoured(flow(), waybillOf(new Map(), undefined, 1), NOW, [])).toMatchObject(defaultFor('dropped'))
  })
})

describe('a value too large to travel', () => {
  const lunch = { dishes: Array.from({ length: 30 }, (_, index) => `dish ${index}`) }
  const menu = (value: object): DeclaredFlag =>
    declaredFlag('menu', { variations: { none: {}, lunch: { ...value } }, default: 'none' })
  const waybill = arrived({ variation: 'lunch', value: lunch }, 'menu')

  test('is taken from the declared variation, whatever the order of its keys', () => {
    expect(honoured(menu(lunch), waybill, NOW, [])).toMatchObject({ variation: 'lunch', value: lunch })
  })

  test('is kept past its age where its flag says so, and says that', () => {
    const kept = declaredFlag('menu', {
      variations: { none: {}, lunch },
      default: 'none',
      maxAgeSeconds: 1,
      whenExpired: 'keep',
    })
    expect(honoured(kept, waybill, NOW, [])).toMatchObject({ value: lunch, cause: 'expired_kept' })
  })

  test('gives way to the default where the declared value is another', () => {
    expect(honoured(menu({ dishes: ['soup'] }), waybill, NOW, [])).toMatchObject({
      variation: 'none',
      cause: 'value_unresolved',
    })
  })
})

describe('a recall', () => {
  const recalls: readonly Recall[] = [{ flag: 'flow', upToVersion: 7, to: 'control' }]
  const recallable = flow({ inFlight: 'recall' })

  test('replaces what is in flight, and keeps the moment and the version of what was decided', () => {
    expect(honoured(recallable, arrived(canary), NOW, recalls)).toMatchObject({
      variation: 'control',
      value: false,
      origin: 'recalled',
      reason: 'RECALL',
      version: 7,
      decidedAtSeconds: NOW - 100,
    })
  })

  test('does not touch flags that are to be kept, which is the default', () => {
    expect(honoured(flow(), arrived(canary), NOW, recalls)).toMatchObject({ variation: 'canary' })
  })

  test('does not touch a later version of the flag', () => {
    expect(honoured(recallable, arrived({ ...canary, version: 8 }), NOW, recalls)).toMatchObject({
      variation: 'canary',
    })
  })

  test('does not touch another flag', () => {
    const others = [{ ...recalls[0], flag: 'other' } as Recall]
    expect(honoured(recallable, arrived(canary), NOW, others)).toMatchObject({ variation: 'canary' })
  })

  test('to a variation that is not declared leads to the default', () => {
    const odd = [{ flag: 'flow', upToVersion: 7, to: 'gone' }]
    expect(honoured(recallable, arrived(canary), NOW, odd)).toMatchObject(defaultFor('undeclared_variation'))
  })
})

describe('what a source says at the edge', () => {
  const said = (more: Partial<SourceDecision>): SourceDecision => ({ ...canary, ...more })

  test('is stamped under the name that it gave, where that is declared with this value', () => {
    expect(decided(flow(), said({ variation: 'beta' }), NOW)).toMatchObject({ variation: 'beta', value: true })
  })

  test('is stamped under the first declared name of its value, where the name is not declared', () => {
    expect(decided(flow(), said({ variation: 'v1' }), NOW)).toMatchObject({ variation: 'canary', origin: 'evaluated' })
    expect(decided(flow(), said({ variation: 'control' }), NOW)).toMatchObject({ variation: 'canary', value: true })
  })

  test('becomes the default where the value is not declared, so that the whole chain runs one variation', () => {
    const colour = declaredFlag('flow', { variations: { blue: '#00f', red: '#f00' }, default: 'blue' })
    expect(decided(colour, said({ value: '#0f0' }), NOW)).toMatchObject({
      variation: 'blue',
      cause: 'undeclared_variation',
      decidedAtSeconds: NOW,
    })
  })

  test('becomes the default where the value is of another kind', () => {
    expect(decided(flow(), said({ value: 'true' }), NOW)).toMatchObject(defaultFor('wrong_type'))
  })

  test('becomes the default with the cause that the source gave', () => {
    expect(decided(flow(), { cause: 'flag_not_found' }, NOW)).toMatchObject(defaultFor('flag_not_found'))
  })

  test('keeps what others need to know of it', () => {
    expect(decided(flow(), said({ bucketed: true, track: true }), NOW)).toMatchObject({
      bucketed: true,
      inExperiment: false,
      track: true,
    })
  })
})
