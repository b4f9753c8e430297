import { FlagdProvider } from '@openfeature/flagd-provider'
import { openFeatureSource } from '@waybill/openfeature/source'
import { firstDecision } from './first-decision.ts'

/** From the file that FLAGD_OFFLINE_FLAG_SOURCE_PATH names. */
export function decide(): Promise<boolean> {
  return firstDecision(openFeatureSource(new FlagdProvider({ resolverType: 'in-process' }), { deadlineMs: 5000 }))
}
