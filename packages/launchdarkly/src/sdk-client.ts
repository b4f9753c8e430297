import { init, type LDClient, type LDFeatureStore, type LDOptions } from '@launchdarkly/node-server-sdk'

/** What of the SDK's options makes sense for a client that only fills a store. */
export type ClientOptions = Pick<
  LDOptions,
  | 'application'
  | 'baseUri'
  | 'payloadFilterKey'
  | 'proxyOptions'
  | 'streamInitialReconnectDelay'
  | 'streamUri'
  | 'timeout'
  | 'tlsParams'
>

/** How LaunchDarkly is listened to. Streaming also brings what changes while the store is being written. */
export type SyncMode = 'streaming' | 'polling'

export interface Filling {
  readonly sdkKey: string
  readonly featureStore: LDFeatureStore
  readonly mode: SyncMode
  readonly pollSeconds?: number
  readonly options: ClientOptions
}

export interface FillingClient {
  readonly client: LDClient
  /** The last that the SDK complained of: it tries again by itself and says so nowhere else. */
  complaint(): string | undefined
}

/** LaunchDarkly's own SDK, which fills the store and does nothing else: no events, no diagnostics, no lines of its own. */
export function fillingClient({ sdkKey, featureStore, mode, pollSeconds, options }: Filling): FillingClient {
  let complaint: string | undefined
  const hear = (...args: unknown[]): void => {
    complaint = args.map(String).join(' ').replaceAll(sdkKey, '***')
  }
  const client = init(sdkKey, {
    ...options,
    featureStore,
    stream: mode === 'streaming',
    ...(pollSeconds === undefined ? {} : { pollInterval: pollSeconds }),
    sendEvents: false,
    diagnosticOptOut: true,
    logger: { debug: () => {}, info: () => {}, warn: hear, error: hear },
  })
  client.on('error', () => {})
  return { client, complaint: () => complaint }
}
