import { expect, test } from 'vitest'
import { mixedInvocations } from './interleaved.ts'

test('50 invocations at the same time keep their own decisions', async () => {
  expect(await mixedInvocations()).toEqual([])
})
