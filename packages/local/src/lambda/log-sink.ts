import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs'
import { join } from 'node:path'
import type { LogLine } from './log-lines.ts'

export interface LogSink {
  readonly writer: (functionName: string) => (line: string) => void
  readonly close: () => Promise<void>
}

/** Where the lines of all functions go: to a callback, and to one file per function. */
export function logSink(options: {
  readonly onLog: ((line: LogLine) => void) | undefined
  readonly directory: string | undefined
  readonly clock: () => number
}): LogSink {
  const { onLog, directory, clock } = options
  const files: WriteStream[] = []
  if (directory !== undefined) mkdirSync(directory, { recursive: true })

  return {
    writer: (functionName) => {
      const file = directory && createWriteStream(join(directory, `${functionName}.log`), { flags: 'a' })
      if (file) files.push(file)
      return (line) => {
        if (file) file.write(`${line}\n`)
        onLog?.({ functionName, line, time: clock() })
      }
    },
    close: async () => {
      await Promise.all(files.map((file) => new Promise<void>((resolve) => file.end(() => resolve()))))
    },
  }
}
