import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { COUNTS } from '@waybill/core'
import { expect, it } from 'vitest'

const text = readFileSync(resolve(import.meta.dirname, '../../../docs/operations.md'), 'utf8')

it('the operator’s table of counts is the ledger’s own', () => {
  const rows = [...text.matchAll(/^\| `(\w+)` \| (loss|note) \| (.*) \|$/gm)].map(([, code, kind, what]) => [
    code,
    [kind, what],
  ])
  expect(Object.fromEntries(rows)).toEqual(COUNTS)
})
