import { TestData } from '@launchdarkly/node-server-sdk/integrations'
import { LaunchDarklyProvider } from '@launchdarkly/openfeature-node-server'
import { openFeatureSource } from '@waybill/openfeature/source'
import { firstDecision } from './first-decision.ts'

export async function decide(): Promise<boolean> {
  const data = new TestData()
  await data.update(data.flag('f').booleanFlag().variationForAll(true))
  const provider = new LaunchDarklyProvider('sdk-key', {
    updateProcessor: data.getFactory(),
    sendEvents: false,
    diagnosticOptOut: true,
    logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  })
  return firstDecision(openFeatureSource(provider, { deadlineMs: 5000 }))
}
