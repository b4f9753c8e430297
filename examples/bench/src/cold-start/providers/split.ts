import { OpenFeatureSplitProvider } from '@splitsoftware/openfeature-js-split-provider'
import { SplitFactory } from '@splitsoftware/splitio'
import { openFeatureSource } from '@waybill/openfeature/source'
import { firstDecision } from './first-decision.ts'

/** From the file that SPLIT_FILE names, in localhost mode. */
export async function decide(): Promise<boolean> {
  // It announces that it is ready on standard output, which is where the result goes.
  const { log } = console
  console.log = () => {}
  try {
    const features = process.env['SPLIT_FILE'] ?? ''
    const splitClient = SplitFactory({ core: { authorizationKey: 'localhost' }, features }).client()
    return await firstDecision(openFeatureSource(new OpenFeatureSplitProvider({ splitClient }), { deadlineMs: 5000 }))
  } finally {
    console.log = log
  }
}
