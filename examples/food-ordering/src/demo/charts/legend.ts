import { type Markup, markup } from '../markup.ts'

const meanings = {
  control: 'control',
  canary: 'canary',
  stray: 'not what the edge decided',
  never: 'never arrived',
  mixed: 'mixed chain',
} as const

/** What the colours mean, for those that a chart uses. */
export function legend(keys: readonly (keyof typeof meanings)[]): Markup {
  return markup`<ul class="legend">${keys.map((key) => markup`<li><i class="key ${key === 'mixed' ? 'harm' : key}"></i>${meanings[key]}</li>`)}</ul>`
}

/** The class that colours a variation; any but the two of the demo is neutral. */
export function variationClass(variation: string): string {
  if (variation === '') return 'never'
  return variation === 'canary' || variation === 'control' ? variation : 'other'
}
