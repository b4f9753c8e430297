import { ConfigCatProvider } from '@openfeature/config-cat-provider'
import { openFeatureSource } from '@waybill/openfeature/source'
import { PollingMode } from 'configcat-node'
import { orderTaker } from './orders.ts'

const { CONFIGCAT_SDK_KEY = '', CONFIGCAT_URL = 'https://cdn-global.configcat.com' } = process.env

// Lazy: asked for when a request finds it old; a timer would stand still while the environment is frozen.
const provider = ConfigCatProvider.create(CONFIGCAT_SDK_KEY, PollingMode.LazyLoad, { baseUrl: CONFIGCAT_URL })

export const handler = orderTaker(openFeatureSource(provider))
