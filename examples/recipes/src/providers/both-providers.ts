import { FirstMatchStrategy, MultiProvider, OpenFeature } from '@openfeature/server-sdk'
import { waybillProvider } from '@waybill/openfeature/provider'
import { oldProvider } from './old-provider.ts'

const providers = [{ provider: waybillProvider() }, { provider: oldProvider() }]

await OpenFeature.setProviderAndWait(new MultiProvider(providers, new FirstMatchStrategy()))
