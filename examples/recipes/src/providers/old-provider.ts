import { InMemoryProvider } from '@openfeature/server-sdk'

/** What each function had for itself: it decides again, here for a country that no message says anything of. */
export function oldProvider(): InMemoryProvider {
  return new InMemoryProvider({
    'new-order-flow': {
      variants: { control: false, canary: true },
      defaultVariant: 'control',
      disabled: false,
      contextEvaluator: ({ country }) => (country === 'NL' ? 'canary' : 'control'),
    },
  })
}
