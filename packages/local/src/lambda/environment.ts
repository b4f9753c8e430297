import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import { environmentVariables } from './environment-variables.ts'
import type { FunctionSettings } from './function-settings.ts'
import type { Guardian } from './guardian.ts'
import { exited, failed, type Invocation, type Outcome, type ProcessExit, succeeded, timedOut } from './invocation.ts'
import { readLines } from './log-lines.ts'
import { type Answer, type Deliver, serveRuntimeApi } from './runtime-api.ts'

/** An invocation and whoever waits for it. */
export interface Job {
  readonly invocation: Invocation
  readonly settle: (outcome: Outcome) => void
}

export interface EnvironmentEvents {
  readonly onLine: (line: string) => void
  /** It asked for work, or a place became free. */
  readonly onRoom: () => void
  /** The process is gone. `initFailure` makes an outcome when it never came as far as asking for work. */
  readonly onGone: (initFailure: ((requestId: string) => Outcome) | undefined) => void
}

/** One execution environment: a Node process under AWS's runtime interface client. */
export interface Environment {
  readonly state: () => 'starting' | 'ready' | 'retired'
  /** It waits for work. */
  readonly hasRoom: () => boolean
  /** Invocations that it may still take; it asks for them a moment after it has answered the one before. */
  readonly freePlaces: () => number
  readonly take: (job: Job) => void
  readonly kill: () => void
  /** When the process has ended and its output has been read. */
  readonly gone: Promise<void>
}

/** Lambda gives the init phase 10 s, then repeats it within the function's own time-out. */
const initLimitMs = 10_000

const clientPath = createRequire(import.meta.url).resolve('aws-lambda-ric')
const preload = new URL(
  import.meta.url.endsWith('.ts') ? './bootstrap/preload.ts' : './bootstrap/preload.js',
  import.meta.url,
)

interface Running extends Job {
  readonly timer: NodeJS.Timeout
  readonly lines: string[]
  answer?: Answer
  marked: boolean
}

export async function startEnvironment(
  settings: FunctionSettings,
  guardian: Guardian,
  events: EnvironmentEvents,
): Promise<Environment> {
  const { managedInstances, timeoutMs, memoryMb } = settings
  const capacity = managedInstances ?? 1
  const running = new Map<string, Running>()
  const waiting: Deliver[] = []
  let state: 'starting' | 'ready' | 'retired' = 'starting'
  let alive = true
  let initFailure: ((requestId: string) => Outcome) | undefined

  const settle = (job: Running, outcome: Outcome): void => {
    clearTimeout(job.timer)
    if (!running.delete(job.invocation.requestId)) return
    job.settle(outcome)
    if (state === 'retired' && running.size === 0) kill()
    if (hasRoom()) events.onRoom()
  }

  // The answer and the last log line come on different pipes: an invocation is over when both are here.
  const settleWhenRead = (job: Running): void => {
    const { answer } = job
    if (answer === undefined || (answer.marked && !job.marked)) return
    settle(job, answer.failed ? failed(answer.payload, job.lines) : succeeded(answer.payload, job.lines))
  }

  const api = await serveRuntimeApi({
    onNext: (deliver) => {
      waiting.push(deliver)
      if (state === 'starting') {
        state = 'ready'
        clearTimeout(initTimer)
      }
      if (hasRoom()) events.onRoom()
    },
    onAnswer: (answer) => {
      const job = running.get(answer.requestId)
      if (job === undefined) return
      clearTimeout(job.timer)
      job.answer = answer
      settleWhenRead(job)
    },
    onInitError: (payload) => {
      initFailure = () => failed(payload)
      kill()
    },
  })

  const child = spawn(
    process.execPath,
    [...(memoryMb === undefined ? [] : [`--max-old-space-size=${memoryMb}`]), '--import', preload.href, clientPath],
    {
      env: environmentVariables(settings, `127.0.0.1:${api.port}`, randomUUID().replaceAll('-', '')),
      stdio: ['pipe', 'pipe', 'pipe'],
      // Its own process group: Ctrl-C reaches the host only, and a kill reaches what the handler spawned.
      detached: true,
    },
  )
  if (child.pid !== undefined) guardian.watch(child.pid)
  const initTimer = setTimeout(() => {
    initFailure = (requestId) => timedOut(requestId, initLimitMs + timeoutMs, [])
    kill()
  }, initLimitMs + timeoutMs)

  const reader = (): ReturnType<typeof readLines> =>
    readLines({
      onLine: (line) => {
        // Concurrent invocations share one output, so a line belongs to none of them in particular.
        if (managedInstances === undefined) for (const job of running.values()) job.lines.push(line)
        events.onLine(line)
      },
      onMark: (requestId) => {
        const job = running.get(requestId)
        if (job === undefined) return
        job.marked = true
        settleWhenRead(job)
      },
    })
  for (const stream of [child.stdout, child.stderr]) {
    const lines = reader()
    stream.setEncoding('utf8').on('data', lines.push).on('end', lines.end)
  }
  child.stdin.on('error', () => undefined)

  const gone = new Promise<void>((resolve) => {
    let ended = false
    const end = (exit: ProcessExit): void => {
      if (ended) return
      ended = true
      const starting = state === 'starting'
      state = 'retired'
      clearTimeout(initTimer)
      for (const job of [...running.values()]) settle(job, exited(job.invocation.requestId, exit, job.lines))
      void api.close()
      events.onGone(initFailure ?? (starting ? (requestId) => exited(requestId, exit, []) : undefined))
      resolve()
    }
    child.once('error', () => end({ code: 1, signal: null }))
    child.once('exit', () => {
      // Takes along what the handler spawned; the id is not used again, as the system may give it to another process.
      kill()
      alive = false
      if (child.pid !== undefined) guardian.forget(child.pid)
    })
    child.once('close', (code, signal) => end({ code, signal }))
  })

  const kill = (): void => {
    state = state === 'starting' ? state : 'retired'
    if (child.pid === undefined || !alive) return
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch {
      child.kill('SIGKILL')
    }
  }

  const hasRoom = (): boolean => state === 'ready' && waiting.length > 0 && running.size < capacity

  const onTimeout = (requestId: string): void => {
    const job = running.get(requestId)
    if (job === undefined) return
    // Takes no more work; is killed when its other invocations, if any, are over.
    state = 'retired'
    settle(job, timedOut(requestId, timeoutMs, job.lines))
  }

  return {
    state: () => state,
    hasRoom,
    freePlaces: () => (state === 'ready' ? capacity - running.size : 0),
    gone,
    kill,
    take: (job) => {
      const deliver = waiting.shift()
      const { requestId } = job.invocation
      const timer = setTimeout(onTimeout, timeoutMs, requestId)
      running.set(requestId, { ...job, timer, lines: [], marked: false })
      deliver?.(job.invocation, Date.now() + timeoutMs)
    },
  }
}
