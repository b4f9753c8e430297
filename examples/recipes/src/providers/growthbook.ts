import { GrowthbookProvider } from '@openfeature/growthbook-provider'
import { openFeatureSource } from '@waybill/openfeature/source'
import { orderTaker } from './orders.ts'

const { GROWTHBOOK_CLIENT_KEY = '', GROWTHBOOK_URL = 'https://cdn.growthbook.io' } = process.env
const provider = new GrowthbookProvider({ apiHost: GROWTHBOOK_URL, clientKey: GROWTHBOOK_CLIENT_KEY }, { timeout: 400 })

export const handler = orderTaker(openFeatureSource(provider))
