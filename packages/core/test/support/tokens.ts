import { createWaybill, sealToken } from '../../src/index.ts'
import { keys } from './fixtures.ts'

/** A sealed token for one order flow decision. */
export function tokenFor(variation: 'control' | 'canary', decidedAtSeconds = Math.floor(Date.now() / 1000)): string {
  const waybill = createWaybill({
    subject: 'subjectsubject00',
    decidedAtSeconds,
    decisions: [
      { flag: 'new-order-flow', variation, value: variation === 'canary', version: 7, reason: 'FALLTHROUGH' },
      { flag: 'unknown-here', variation: 'on', value: true, version: 1 },
    ],
  })
  const { token } = sealToken(waybill, keys)
  if (token === undefined) throw new Error('the fixture could not be sealed')
  return token
}
