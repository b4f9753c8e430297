/** The package holds TypeScript and no types: its bundler compiles it, our compiler is not to check it. */
declare module '@splitsoftware/openfeature-js-split-provider' {
  import type { Provider } from '@openfeature/server-sdk'

  export const OpenFeatureSplitProvider: new (options: { readonly splitClient: object }) => Provider
}
