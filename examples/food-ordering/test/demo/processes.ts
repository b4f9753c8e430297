import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../dist/demo/main.js', import.meta.url))

export interface DemoProcess {
  readonly child: ChildProcess
  /** Resolves when a line of its output contains the text. */
  saw(text: string): Promise<void>
  stdout(): string
  stderr(): string
  readonly exitCode: Promise<number | null>
}

/** The built demo, in a directory that its report may be written to. */
export function startDemo(args: readonly string[], cwd: string): DemoProcess {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  const waiting = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
      output[name] += chunk
      for (const check of waiting) check()
    })
  }
  const closed = once(child, 'close').then(([code]) => code as number | null)
  return {
    child,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    exitCode: closed,
    saw: (text) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (!(output.stdout + output.stderr).includes(text)) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        void closed.then(() => reject(new Error(`ended without "${text}":\n${output.stderr}`)))
        check()
      }),
  }
}

/** All processes that descend from this one. */
export function descendantsOf(pid: number): readonly number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n')
  const pairs = lines.map((line) => line.trim().split(/\s+/).map(Number))
  const found = new Set([pid])
  for (let before = 0; before < found.size; ) {
    before = found.size
    for (const [child = 0, parent = 0] of pairs) if (found.has(parent)) found.add(child)
  }
  found.delete(pid)
  return [...found]
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
