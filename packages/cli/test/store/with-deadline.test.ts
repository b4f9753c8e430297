import { memoryStore } from '@waybill/flags'
import { expect, it } from 'vitest'
import { withDeadline } from '../../src/store/with-deadline.ts'

it('a call that never settles is given up, and a write is said to be unsure', async () => {
  const never = (): Promise<never> => new Promise(() => {})
  const hanging = { ...memoryStore(), get: never, put: never, markFilled: never }
  const { store } = withDeadline({ store: hanging, name: 'the table', close: () => {} }, 0.01)
  await expect(store.get('features', 'f')).rejects.toMatchObject({
    code: 'deadline',
    message: 'The store (the table) did not answer within 0.01 s',
  })
  const flag = { key: 'f', version: 1 }
  await expect(store.put('features', flag, { ifVersion: 'absent' })).rejects.toThrow(
    'may have been written all the same',
  )
})
