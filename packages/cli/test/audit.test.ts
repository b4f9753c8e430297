import { expect, it } from 'vitest'
import { auditItem } from '../src/audit.ts'

const author = { who: 'ada', atMs: 0, comment: 'c' }

it('a record of two large flags keeps the fields that differ, and says that it is shortened', () => {
  const values = Array.from({ length: 30_000 }, (_, index) => `user-${index}`)
  const before = { key: 'f', version: 1, on: true, salt: 's', targets: [{ variation: 0, values }] }
  const after = { ...before, version: 2, on: false, targets: [{ variation: 0, values: [...values, 'one-more'] }] }
  const record = auditItem({ kind: 'features', action: 'kill', before, after }, author, 'x')
  expect(record).toMatchObject({
    before: { key: 'f', version: 1, on: true },
    after: { key: 'f', version: 2, on: false },
    shortened: true,
  })
  expect(JSON.stringify(record).length).toBeLessThan(1_000)
})
