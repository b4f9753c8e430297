import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { sealToken } from '../../src/token/seal.ts'
import { createWaybill } from '../../src/waybill.ts'
import { ringSigning } from '../vectors/format-1.ts'

const document = readFileSync(new URL('../../../../docs/wire-format.md', import.meta.url), 'utf8')

/** Boolean flags as they are named: keys of 16 characters, decided by percentage, at a version of two digits. */
function tokenLength(count: number): number {
  const keys = ringSigning('k1')
  const waybill = createWaybill({
    subject: keys.fingerprint('ada') ?? '',
    decidedAtSeconds: 1_790_000_000,
    decisions: Array.from({ length: count }, (_, index) => ({
      flag: `checkout-flow-${String(index).padStart(2, '0')}`,
      variation: index % 2 === 0 ? 'control' : 'canary',
      value: index % 2 === 1,
      version: 10 + index,
      reason: 'FALLTHROUGH' as const,
      bucketed: true,
    })),
  })
  return sealToken(waybill, keys).token?.length ?? Number.NaN
}

test('a token is as short as the document says, and as it must be', () => {
  const bytes = [1, 10, 50].map(tokenLength)
  const rows = [1, 10, 50].map((count, index) => `| ${count} | ${bytes[index]} |`)
  console.info(`Token bytes by boolean flags:\n${rows.join('\n')}`)
  for (const row of rows) expect(document).toContain(row)
  const [one = 0, ten = 0, fifty = 0] = bytes
  expect(ten).toBeLessThanOrEqual(450)
  expect(fifty).toBeLessThanOrEqual(1900)
  expect((fifty - one) / 49).toBeLessThanOrEqual(45)
})
