import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { listenOnLoopback } from './loopback.ts'

// The shell waits on the engine and on its own standard input, which is a pipe from us: when this process ends in
// whatever way, SIGKILL included, the pipe closes and the engine is stopped. An exit handler would miss SIGKILL.
const WATCHDOG = '"$@" </dev/null 3<&- & engine=$!; (cat <&3 >/dev/null; kill "$engine") & wait "$engine"'

const BIND_ATTEMPTS = 5

/** A program of somebody else's that serves on loopback, and does not outlive this process. */
export interface WatchedChild {
  readonly port: string
  /** What it had said when it was ready. */
  readonly output: string
  /** Asks it to end, and insists after five seconds. */
  stop(): Promise<void>
  /** SIGKILL. */
  kill(): Promise<void>
}

/**
 * Starts a program on a free port and waits until it says `ready`. A program that is given port 0 need not say which one it
 * took, so a free one is chosen here, and a lost race tried again.
 */
export async function startWatched(
  name: string,
  ready: string,
  commandOn: (port: string) => readonly string[],
): Promise<WatchedChild> {
  let output = ''
  for (let attempt = 0; attempt < BIND_ATTEMPTS; attempt++) {
    const port = await freePort()
    // Its own process group: Ctrl-C reaches only us, and we still need the engine to finish what is in flight.
    const child = spawn('/bin/sh', ['-c', `exec 3<&0; ${WATCHDOG}`, 'sh', ...commandOn(port)], {
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const started = await whenReady(child, ready)
    output = started.output
    if (started.ready) return { port, output, stop: () => stop(child), kill: () => kill(child) }
  }
  throw new Error(`${name} did not start: ${output}`)
}

async function freePort(): Promise<string> {
  const probe = createServer()
  const endpoint = await listenOnLoopback(probe)
  await new Promise((resolve) => probe.close(resolve))
  return new URL(endpoint).port
}

function whenReady(child: ChildProcess, ready: string): Promise<{ ready: boolean; output: string }> {
  return new Promise((resolve, reject) => {
    let output = ''
    const read = (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes(ready)) resolve({ ready: true, output })
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    // The pipe to a child that has ended.
    child.stdin?.on('error', () => {})
    child.once('error', reject)
    child.once('exit', () => resolve({ ready: false, output }))
  })
}

/** How long the engine may take to end by itself. */
const STOP_TIMEOUT_MS = 5_000

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'close')
  child.stdin?.end()
  const timer = setTimeout(() => process.kill(-Number(child.pid), 'SIGKILL'), STOP_TIMEOUT_MS)
  await closed
  clearTimeout(timer)
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'close')
  process.kill(-Number(child.pid), 'SIGKILL')
  await closed
}
