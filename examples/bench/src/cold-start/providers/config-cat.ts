import { ConfigCatProvider } from '@openfeature/config-cat-provider'
import { openFeatureSource } from '@waybill/openfeature/source'
import { createFlagOverridesFromMap, OverrideBehaviour, PollingMode } from 'configcat-node'
import { firstDecision } from './first-decision.ts'

export function decide(): Promise<boolean> {
  const provider = ConfigCatProvider.create('localhost', PollingMode.ManualPoll, {
    flagOverrides: createFlagOverridesFromMap({ f: true }, OverrideBehaviour.LocalOnly),
  })
  return firstDecision(openFeatureSource(provider, { deadlineMs: 5000 }))
}
