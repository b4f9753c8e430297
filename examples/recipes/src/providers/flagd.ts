import { FlagdProvider } from '@openfeature/flagd-provider'
import { openFeatureSource } from '@waybill/openfeature/source'
import { orderTaker } from './orders.ts'

// FLAGD_OFFLINE_FLAG_SOURCE_PATH, a file beside the handler; or FLAGD_HOST of a sync server.
const provider = new FlagdProvider({ resolverType: 'in-process' })

export const handler = orderTaker(openFeatureSource(provider))
