import { fileSource } from '@waybill/flags'
import { firstDecision } from './first-decision.ts'

/** No provider: LaunchDarkly's data in the file that WAYBILL_FILE names, evaluated by us. */
export function decide(): Promise<boolean> {
  return firstDecision(fileSource(process.env['WAYBILL_FILE'] ?? ''))
}
