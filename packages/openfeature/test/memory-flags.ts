import { InMemoryProvider } from '@openfeature/server-sdk'
import { declareFlags, type EvaluationContext } from '@waybill/core'

export const flags = declareFlags({
  'new-order-flow': { variations: { control: false, canary: true }, default: 'control' },
  banner: { variations: { short: 'Hi', long: 'Good morning' }, default: 'short' },
  limit: { variations: { low: 10, high: 20 }, default: 'low' },
  layout: { variations: { list: { columns: 1 }, grid: { columns: 3 } }, default: 'list' },
})

/** All four on their other variation; the first of them for Ada in the Netherlands alone. */
export function memory(): InMemoryProvider {
  return new InMemoryProvider({
    'new-order-flow': {
      variants: { control: false, canary: true },
      defaultVariant: 'control',
      disabled: false,
      contextEvaluator: ({ targetingKey, country }) =>
        targetingKey === 'ada' && country === 'NL' ? 'canary' : 'control',
    },
    banner: { variants: { short: 'Hi', long: 'Good morning' }, defaultVariant: 'long', disabled: false },
    limit: { variants: { low: 10, high: 20 }, defaultVariant: 'high', disabled: false },
    layout: { variants: { list: { columns: 1 }, grid: { columns: 3 } }, defaultVariant: 'grid', disabled: false },
  })
}

export const ada: EvaluationContext = { key: 'ada', country: 'NL' }
