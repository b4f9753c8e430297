/** One line that a function wrote to its standard output or error. */
export interface LogLine {
  readonly functionName: string
  readonly line: string
  /** Epoch milliseconds, by the host's clock. */
  readonly time: number
}

const mark = '\u0000END '

export interface LineEvents {
  readonly onLine: (line: string) => void
  readonly onMark: (requestId: string) => void
}

export interface LineReader {
  readonly push: (chunk: string) => void
  readonly end: () => void
}

/** Splits a process's output into lines, and takes out the marks that end an invocation (see `runtime-client`). */
export function readLines({ onLine, onMark }: LineEvents): LineReader {
  let rest = ''
  const emit = (line: string): void => {
    const at = line.indexOf(mark)
    if (at === -1) {
      onLine(line)
      return
    }
    // The handler's last words may lack a newline.
    if (at > 0) onLine(line.slice(0, at))
    onMark(decodeURIComponent(line.slice(at + mark.length)))
  }
  return {
    push: (chunk) => {
      let start = 0
      for (let end = chunk.indexOf('\n'); end !== -1; end = chunk.indexOf('\n', start)) {
        emit(rest + chunk.slice(start, end))
        rest = ''
        start = end + 1
      }
      rest += chunk.slice(start)
    },
    end: () => {
      if (rest !== '') emit(rest)
      rest = ''
    },
  }
}
