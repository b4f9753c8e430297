import { declareFlags, type FlagSource } from '@waybill/core'

const flags = declareFlags({ f: { variations: { off: false, on: true }, default: 'off' } })

/** The first decision of a fresh environment, and whether it is one. */
export async function firstDecision(source: FlagSource): Promise<boolean> {
  const answer = await source.decide({ key: 'u-1' }, flags.all)
  return answer.status === 'live' && answer.decisions.every((one) => 'value' in one && one.value === true)
}
