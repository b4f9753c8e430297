import { InMemoryProvider } from '@openfeature/server-sdk'
import { openFeatureSource } from '@waybill/openfeature/source'
import { firstDecision } from './first-decision.ts'

export function decide(): Promise<boolean> {
  const flag = { variants: { off: false, on: true }, defaultVariant: 'on', disabled: false }
  return firstDecision(openFeatureSource(new InMemoryProvider({ f: flag }), { deadlineMs: 5000 }))
}
