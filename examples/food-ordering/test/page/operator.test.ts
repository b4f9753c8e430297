import { memoryStore } from '@waybill/flags'
import { expect, test } from 'vitest'
import { flagData } from '../../src/demo/rollout.ts'
import { pageActions } from '../../src/page/actions.ts'
import { operatorOf } from '../../src/page/operator.ts'

async function onePerson() {
  const store = memoryStore()
  await store.init({ flags: { 'new-order-flow': flagData(10, 1) }, segments: {} })
  let nowMs = 1_700_000_000_000
  const options = {
    store,
    flag: 'new-order-flow',
    canary: 1,
    control: 0,
    who: 'ada',
    nowMs: () => nowMs++,
    unique: () => String(nowMs),
  }
  return { store, options, operator: operatorOf(options) }
}

test('every change is one version, and kept with who made it and why', async () => {
  const { store, operator } = await onePerson()
  expect(await operator.setPercent(25, 'errors flat')).toBe('written')
  expect(await operator.kill('printer jams')).toBe('written')
  expect(await operator.state()).toEqual({ on: false, percent: 25, version: 3 })
  expect(await operator.revive('printer mended')).toBe('written')
  expect(await operator.state()).toEqual({ on: true, percent: 25, version: 4 })
  expect(
    (await operator.changes()).map(({ action, comment, who, version }) => [action, comment, who, version]),
  ).toEqual([
    ['set on', 'printer mended', 'ada', 4],
    ['kill', 'printer jams', 'ada', 3],
    ['rollout 25 %', 'errors flat', 'ada', 2],
  ])
  const [first] = await store.list('audit', { keyPrefix: 'new-order-flow/' })
  expect(first).toMatchObject({ before: { version: 1 }, after: { version: 2 } })
})

test('what is so already is not written again', async () => {
  const { operator } = await onePerson()
  expect(await operator.setPercent(10, 'again')).toBe('unchanged')
  expect(await operator.revive('again')).toBe('unchanged')
  expect(await operator.changes()).toEqual([])
})

test('whoever read an older version changes nothing, and leaves no record', async () => {
  const { store, options } = await onePerson()
  let percent = 20
  const late = operatorOf({
    ...options,
    store: {
      ...store,
      get: async (kind, key) => {
        const item = await store.get(kind, key)
        percent += 1
        await operatorOf(options).setPercent(percent, 'first')
        return item
      },
    },
  })
  expect(await late.setPercent(50, 'second')).toBe('stale')
  expect((await operatorOf(options).changes()).map(({ action }) => action)).toEqual(['rollout 21 %'])
  const actions = pageActions(late, async () => undefined)
  expect(await actions['/rollout']?.({ percent: 60, comment: 'third' })).toEqual({
    error: 'Somebody else changed the flag just now. Look again',
  })
})

test.each([
  ['a percentage above 100', '/rollout', { percent: 101, comment: 'x' }, '0 to 100'],
  ['a percentage that is text', '/rollout', { percent: '50', comment: 'x' }, '0 to 100'],
  ['a rollout without a reason', '/rollout', { percent: 50 }, 'Say why'],
  ['nothing at all', '/rollout', null, 'Say why'],
  ['a kill for an empty reason', '/kill', { comment: '  ' }, 'Say why'],
  ['a novel of a reason', '/kill', { comment: 'x'.repeat(201) }, 'Say why'],
  ['a bug that there is not', '/bug', { name: 'toString' }, 'no such bug'],
] as const)('%s is refused', async (_, path, body, said) => {
  const { operator } = await onePerson()
  const planted: string[] = []
  const actions = pageActions(operator, async (name) => void planted.push(name))
  expect(await actions[path]?.(body)).toEqual({ error: expect.stringContaining(said) })
  expect((await operator.state()).version).toBe(1)
  expect(planted).toEqual([])
})
