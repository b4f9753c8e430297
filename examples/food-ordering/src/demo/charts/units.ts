import { type Markup, markup } from '../markup.ts'

const cell = 24

/** More than this is no picture any more, and the sentence beside it says the same. */
const maxUnits = 200

/** One person for each user, those who met the canary in its colour. */
export function people(count: number, touched: number, perRow: number): Markup | undefined {
  return units('people', count, perRow, `${touched} of ${count} users met the canary`, (index, x, y) => {
    const name = index < touched ? 'canary' : 'control'
    return markup`<g class="${name}"><circle cx="${x + 12}" cy="${y + 7}" r="4.5"/><path d="M${x + 4} ${y + 22}a8 8.5 0 0 1 16 0z"/></g>`
  })
}

/** One square for each request, those that ran on the canary in its colour. */
export function squares(count: number, onCanary: number, perRow: number): Markup | undefined {
  return units('squares', count, perRow, `${onCanary} of ${count} requests ran on the canary`, (index, x, y) => {
    const name = index < onCanary ? 'canary' : 'control'
    return markup`<rect class="${name}" x="${x + 2}" y="${y + 2}" width="20" height="20" rx="5"/>`
  })
}

function units(
  name: string,
  count: number,
  perRow: number,
  title: string,
  draw: (index: number, x: number, y: number) => Markup,
): Markup | undefined {
  if (count < 1 || count > maxUnits) return undefined
  const columns = Math.min(count, perRow)
  const [width, height] = [columns * cell, Math.ceil(count / columns) * cell]
  return markup`<svg class="units ${name}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}"><title>${title}</title>
    ${Array.from({ length: count }, (_, index) =>
      draw(index, (index % columns) * cell, Math.floor(index / columns) * cell),
    )}</svg>`
}
