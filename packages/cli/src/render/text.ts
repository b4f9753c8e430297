import { styleText } from 'node:util'

/** Colours for what a person should see first; the same text without them in a pipe. */
export interface Style {
  readonly strong: (text: string) => string
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
  readonly faint: (text: string) => string
}

export function styleFor(colours: boolean): Style {
  const as = (format: 'bold' | 'green' | 'red' | 'dim') => (text: string) =>
    colours ? styleText(format, text, { validateStream: false }) : text
  return { strong: as('bold'), good: as('green'), bad: as('red'), faint: as('dim') }
}

/** Control characters, and those that turn the direction of text: data must not speak to the terminal. */
const CONTROL = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** Text from flags, tokens and files, made fit for a terminal and for one line. */
export function printable(text: string): string {
  return text.replaceAll(CONTROL, (one) => `\\u${(one.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`)
}

/** A JSON value as one short line. */
export function shortJson(value: unknown, maxLength = 60): string {
  const text = printable(JSON.stringify(value) ?? 'nothing')
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 1)}…`
}

/** `a, b and 3 more`. */
export function listed(items: readonly unknown[], most = 5): string {
  // Whatever the types say: lists in flag data may hold anything.
  const text = (item: unknown): string => (typeof item === 'string' ? printable(item) : shortJson(item))
  const shown = items.slice(0, most).map(text).join(', ')
  return items.length <= most ? shown : `${shown} and ${items.length - most} more`
}

/** Columns as wide as they need to be; the last is left as it is. Cells are printable already. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length)
  }
  return rows
    .map((row) =>
      row.map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0))).join('  '),
    )
    .join('\n')
}

/** `10 %`, `0.001 %`: LaunchDarkly's weights are thousandths of a percent. */
export function percentOf(weight: number): string {
  return `${Number((weight / 1000).toFixed(3))} %`
}
