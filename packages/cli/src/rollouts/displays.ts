import { stripVTControlCharacters } from 'node:util'
import { changeLine, watchPage } from '../render/rollout-watch.ts'
import type { Style } from '../render/text.ts'
import type { Terminal } from '../terminal.ts'
import type { Display, Sight } from './watching.ts'

type Out = Pick<Terminal, 'out'>

/** One JSON object a line for each change. */
export function jsonDisplay({ out }: Out): Display {
  return onChange((sight, nowMs) => {
    const { overview, history, outage } = sight
    // The plan was said when it began, and is the longest part by far.
    const { plan: _, ...rest } = overview
    const kind = outage === undefined ? 'rollout' : 'outage'
    out(
      JSON.stringify({ atMs: nowMs, kind, ...rest, lastChange: history.at(-1) ?? null, ...(outage ? { outage } : {}) }),
    )
  })
}

/** A line for each change, for logs. */
export function lineDisplay({ out }: Out, style: Style): Display {
  let before: Sight | undefined
  return onChange((sight, nowMs) => {
    out(changeLine(sight, before, nowMs, style))
    before = sight
  })
}

function onChange(tell: (sight: Sight, nowMs: number) => void): Display {
  let told = ''
  return {
    show: (sight, nowMs) => {
      // Warnings count minutes, the message of an outage may alternate, and a judge may say the same again: no change.
      const { warnings, judge, ...overview } = sight.overview
      const judged = judge === null ? null : [judge.verdict, judge.words]
      const others = [judged, warnings.length, sight.history.length, sight.outage?.sinceMs]
      const now = JSON.stringify([overview, others])
      if (now !== told) tell(sight, nowMs)
      told = now
    },
  }
}

export interface Screen extends Display {
  /** Gives the terminal back, and leaves the last page on it. */
  close(): void
}

const ENTER = '\u001b[?1049h\u001b[?25l'
const LEAVE = '\u001b[?25h\u001b[?1049l'
const HOME = '\u001b[H'
const REST_OF_LINE = '\u001b[K'
const REST_OF_SCREEN = '\u001b[J'

/**
 * Drawn again and again on the terminal's other screen, where lines that wrap and windows that change their size leave
 * nothing behind; what was on the terminal before comes back.
 */
export function screenDisplay(
  terminal: Pick<Terminal, 'draw' | 'out' | 'size'>,
  storeName: string,
  style: Style,
): Screen {
  let page: string | undefined
  return {
    show: (sight, nowMs) => {
      const first = page === undefined
      page = watchPage({ sight, storeName, nowMs }, style)
      const { rows, columns } = terminal.size()
      const lines = fitting(
        [...page.split('\n'), '', style.faint('Ctrl-C leaves; the rollout goes on.')],
        rows,
        columns,
      )
      const drawn = lines.map((line) => `${line}${REST_OF_LINE}`).join('\r\n')
      terminal.draw(`${first ? ENTER : ''}${HOME}${drawn}${REST_OF_SCREEN}`)
    },
    close: () => {
      if (page === undefined) return
      terminal.draw(LEAVE)
      terminal.out(page)
    },
  }
}

/** As many lines as there is room for, each as high as it wraps. */
function fitting(lines: readonly string[], rows: number, columns: number): readonly string[] {
  let room = rows
  const fit: string[] = []
  for (const line of lines) {
    room -= Math.max(1, Math.ceil(stripVTControlCharacters(line).length / columns))
    if (room < 0) break
    fit.push(line)
  }
  return fit
}
