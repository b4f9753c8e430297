import { GrowthbookProvider } from '@openfeature/growthbook-provider'
import { openFeatureSource } from '@waybill/openfeature/source'
import { firstDecision } from './first-decision.ts'

export function decide(): Promise<boolean> {
  const provider = new GrowthbookProvider({}, { payload: { features: { f: { defaultValue: true } } } })
  return firstDecision(openFeatureSource(provider, { deadlineMs: 5000 }))
}
