import { OpenFeatureSplitProvider } from '@splitsoftware/openfeature-js-split-provider'
import { SplitFactory } from '@splitsoftware/splitio'
import { openFeatureSource } from '@waybill/openfeature/source'
import { orderTaker } from './orders.ts'

// The package is TypeScript, made for OpenFeature's SDK under its former name. Bundle it, with esbuild's
// `--alias:@openfeature/js-sdk=@openfeature/server-sdk`: two SDKs would share one global, and the older may win.
// With `localhost` for a key, the treatments of a file: their names, `on` and `off`, are a boolean flag's values.
const { SPLIT_SDK_KEY = 'localhost', SPLIT_FILE = './split.yaml' } = process.env
const split = SplitFactory({ core: { authorizationKey: SPLIT_SDK_KEY }, features: SPLIT_FILE })
const provider = new OpenFeatureSplitProvider({ splitClient: split.client() })

export const handler = orderTaker(openFeatureSource(provider))
