/** A piece of HTML or SVG that is safe to put into the page as it is. Only `markup` makes one. */
export interface Markup {
  readonly html: string
}

type Insert = Markup | string | number | undefined | readonly Markup[]

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/**
 * A template for HTML and SVG whose inserts are escaped, so attributes must be quoted; markup goes in as it is, a list of
 * it joined, `undefined` as nothing.
 *
 * @example markup`<td title="${name}">${name}</td>`
 */
export function markup(strings: TemplateStringsArray, ...inserts: readonly Insert[]): Markup {
  return { html: String.raw({ raw: strings }, ...inserts.map(render)) }
}

function render(insert: Insert): string {
  if (insert === undefined) return ''
  if (typeof insert === 'object') return 'html' in insert ? insert.html : insert.map(({ html }) => html).join('')
  return String(insert).replace(/[&<>"']/g, (character) => entities[character] ?? '')
}

/** A share of the whole as an SVG or CSS length, e.g. `12.5%`. */
export function percentLength(part: number, whole: number): string {
  return `${whole === 0 ? 0 : Math.round((part / whole) * 1e5) / 1e3}%`
}
