import { type Client, OpenFeature, type Provider, ProviderEvents } from '@openfeature/server-sdk'
import { WaybillError } from '@waybill/core'

/** A provider's place in OpenFeature's registry. */
export interface Registration {
  readonly client: Client
  /** When its start is over, well or not. Never rejects. */
  readonly started: Promise<void>
  /** Whether the client still speaks to this provider, and not to one that has taken its place, or the no-op. */
  isInPlace(): boolean
}

interface Start {
  readonly domain: string | undefined
  readonly over: Promise<void>
}

const starts = new WeakMap<Provider, Start>()
let domains = 0

/**
 * Registers a provider, under a domain of its own unless one is named, and begins its start. A provider is started once:
 * one that is registered already, here or by the application as its default, keeps its place. Asked for a second domain,
 * OpenFeature takes a provider that is still starting for a ready one: so its first start is waited for.
 * Throws `bad_option` where an older copy of the SDK speaks for all.
 */
export function register(provider: Provider, wanted: string | undefined): Registration {
  checkSdk()
  const before = starts.get(provider)
  const domain = wanted ?? placeOf(provider, before)
  const isNew = OpenFeature.getProvider(domain) !== provider
  const client = domain === undefined ? OpenFeature.getClient() : OpenFeature.getClient(domain)
  const over = isNew && domain !== undefined ? begun(provider, domain) : (before?.over ?? settled(client))
  const started = before === undefined ? over : Promise.all([before.over, over]).then(() => undefined)
  starts.set(provider, { domain, over: started })
  return { client, started, isInPlace: () => OpenFeature.getProvider(domain) === provider }
}

/** All copies of OpenFeature's SDK share one global, under any of its names: the one that is loaded first speaks for all. */
function checkSdk(): void {
  if (typeof OpenFeature.getProvider === 'function') return
  const what = 'an older OpenFeature SDK was loaded first, by a provider that depends on it'
  const cure =
    'let the bundler take @openfeature/server-sdk in its place, also under its former name @openfeature/js-sdk'
  throw new WaybillError('bad_option', `openFeatureSource: ${what}: ${cure}`)
}

function placeOf(provider: Provider, before: Start | undefined): string | undefined {
  if (before !== undefined && OpenFeature.getProvider(before.domain) === provider) return before.domain
  if (OpenFeature.getProvider() === provider) return undefined
  domains += 1
  return `waybill-${domains}`
}

function begun(provider: Provider, domain: string): Promise<void> {
  return OpenFeature.setProviderAndWait(domain, provider).catch(() => undefined)
}

/** Begun by somebody else: its events tell. Handlers run at once where the provider is in that state already. */
function settled(client: Client): Promise<void> {
  return new Promise((resolve) => {
    for (const event of [ProviderEvents.Ready, ProviderEvents.Error, ProviderEvents.Stale]) {
      client.addHandler(event, () => resolve())
    }
  })
}
