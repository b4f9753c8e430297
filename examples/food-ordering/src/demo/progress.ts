// No types come with the package; a reference, so that whoever imports this file finds them too.
/// <reference path="./cli-progress.d.ts" />
import { Presets, SingleBar } from 'cli-progress'

/** Tells a person how far a run is: a bar on a terminal, plain lines elsewhere. */
export interface Progress {
  begin(label: string, total: number): void
  step(state: string): void
  end(): void
  say(line: string): void
}

export function showProgress(stream: NodeJS.WriteStream): Progress {
  return stream.isTTY ? barOn(stream) : linesOn(stream)
}

function barOn(stream: NodeJS.WriteStream): Progress {
  let bar: SingleBar | undefined
  return {
    begin: (label, total) => {
      const format = `${label.padEnd(14)} {bar} {value}/{total} orders  {state}`
      bar = new SingleBar({ format, stream, hideCursor: true, gracefulExit: false }, Presets.shades_classic)
      bar.start(total, 0, { state: '' })
    },
    step: (state) => bar?.increment({ state }),
    end: () => {
      bar?.stop()
      bar = undefined
    },
    say: (line) => void stream.write(`${line}\n`),
  }
}

function linesOn(stream: NodeJS.WriteStream): Progress {
  let label = ''
  let total = 0
  let done = 0
  const write = (line: string): void => void stream.write(`${line}\n`)
  return {
    begin: (newLabel, newTotal) => {
      label = newLabel
      total = newTotal
      done = 0
      write(`${label}: placing ${total} orders`)
    },
    step: (state) => {
      done += 1
      // Ten lines, whatever the number of orders.
      if (Math.floor((done * 10) / total) > Math.floor(((done - 1) * 10) / total)) {
        write(`${label}: ${done}/${total} orders  ${state}`)
      }
    },
    end: () => undefined,
    say: write,
  }
}
