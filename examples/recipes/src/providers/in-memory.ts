import { InMemoryProvider } from '@openfeature/server-sdk'
import { openFeatureSource } from '@waybill/openfeature/source'
import { orderTaker } from './orders.ts'

const provider = new InMemoryProvider({
  'new-order-flow': {
    variants: { control: false, canary: true },
    defaultVariant: 'control',
    disabled: false,
    contextEvaluator: ({ country }) => (country === 'NL' ? 'canary' : 'control'),
  },
})

export const handler = orderTaker(openFeatureSource(provider))
