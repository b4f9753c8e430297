import { memoryStore } from '@waybill/flags'
import { expect, it } from 'vitest'
import { markFilled } from '../../src/store/mark-filled.ts'

const flag = { key: 'f', version: 1 }

it('a flag that another terminal wrote before the store was marked is still there afterwards', async () => {
  const store = memoryStore()
  const late = { ...store, as: store.as, readAll: async () => undefined }
  await store.put('features', flag, { ifVersion: 'absent' })
  await markFilled(late)
  expect((await store.readAll())?.flags).toEqual({ f: flag })
})

it('a store that LaunchDarkly’s writer is filling is left alone', async () => {
  const store = memoryStore()
  await store.as('launchdarkly').put('features', flag, { ifVersion: 'absent' })
  await expect(markFilled(store)).rejects.toMatchObject({ code: 'refused' })
  expect(await store.readAll()).toBeUndefined()
})

it('a store that is filled stays as it is', async () => {
  const store = memoryStore()
  await store.init({ flags: { f: flag } })
  await markFilled(store)
  expect((await store.readAll())?.flags).toEqual({ f: flag })
})
