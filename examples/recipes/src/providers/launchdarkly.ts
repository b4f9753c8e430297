import { LaunchDarklyProvider } from '@launchdarkly/openfeature-node-server'
import { openFeatureSource } from '@waybill/openfeature/source'
import { orderTaker } from './orders.ts'

const { LAUNCHDARKLY_SDK_KEY = '', LAUNCHDARKLY_URL = 'https://sdk.launchdarkly.com' } = process.env

// Polling: a frozen environment cannot keep a stream. No events: Waybill's own exposures tell flags that were read.
const provider = new LaunchDarklyProvider(LAUNCHDARKLY_SDK_KEY, {
  baseUri: LAUNCHDARKLY_URL,
  stream: false,
  sendEvents: false,
  diagnosticOptOut: true,
})

export const handler = orderTaker(openFeatureSource(provider))
