import { type Environment, type Job, startEnvironment } from './environment.ts'
import { LambdaHostError } from './errors.ts'
import type { FunctionSettings } from './function-settings.ts'
import type { Guardian } from './guardian.ts'
import { failed, type Outcome } from './invocation.ts'

/** The execution environments of one function, and the invocations that wait for one. */
export interface FunctionPool {
  readonly settings: FunctionSettings
  readonly run: (job: Job) => void
  /** Starts environments until `count` are there. Rejects with `init_failed` if one cannot start. */
  readonly warm: (count: number) => Promise<void>
  /** Kills all environments; what waited or ran fails. */
  readonly stop: () => Promise<void>
}

export function functionPool(
  settings: FunctionSettings,
  guardian: Guardian,
  onLine: (line: string) => void,
): FunctionPool {
  const environments = new Set<Environment>()
  const launches = new Set<Promise<void>>()
  const queue: Job[] = []
  const capacity = settings.managedInstances ?? 1
  let starting = 0
  let stopped = false
  const warming: { readonly count: number; readonly resolve: () => void; readonly reject: (error: Error) => void }[] =
    []

  const count = (state: ReturnType<Environment['state']>): number => {
    let total = 0
    for (const environment of environments) if (environment.state() === state) total++
    return total
  }

  const dispatch = (): void => {
    for (const environment of environments) {
      while (queue.length > 0 && environment.hasRoom()) {
        const job = queue.shift()
        if (job !== undefined) environment.take(job)
      }
      if (queue.length === 0) return
    }
    let free = 0
    for (const environment of environments) free += environment.freePlaces()
    grow(Math.ceil((queue.length - free) / capacity))
  }

  const grow = (wanted: number): void => {
    while (!stopped && starting < wanted && starting + count('ready') < settings.maxConcurrency) {
      starting++
      const launch = start().finally(() => launches.delete(launch))
      launches.add(launch)
    }
  }

  const start = async (): Promise<void> => {
    let counted = true
    const started = (): void => {
      if (counted) starting--
      counted = false
    }
    let environment: Environment | undefined
    environment = await startEnvironment(settings, guardian, {
      onLine,
      onRoom: () => {
        started()
        settleWarming()
        dispatch()
      },
      onGone: (initFailure) => {
        started()
        if (environment !== undefined) environments.delete(environment)
        if (stopped) return
        if (initFailure !== undefined) failOne(initFailure)
        for (const waiter of warming) grow(waiter.count - count('ready'))
        dispatch()
      },
    })
    environments.add(environment)
    if (stopped) environment.kill()
  }

  const settleWarming = (): void => {
    for (const waiter of [...warming]) {
      if (count('ready') < waiter.count) continue
      warming.splice(warming.indexOf(waiter), 1)
      waiter.resolve()
    }
  }

  // One failed init answers one invocation, as each would have found its own environment broken.
  const failOne = (initFailure: (requestId: string) => Outcome): void => {
    const job = queue.shift()
    if (job !== undefined) job.settle(initFailure(job.invocation.requestId))
    const waiter = warming.shift()
    waiter?.reject(new LambdaHostError('init_failed', `${settings.name}: ${initFailure('-').payload}`))
  }

  return {
    settings,
    run: (job) => {
      queue.push(job)
      dispatch()
    },
    warm: async (wanted) => {
      const target = Math.min(wanted, settings.maxConcurrency)
      if (count('ready') >= target) return
      await new Promise<void>((resolve, reject) => {
        warming.push({ count: target, resolve, reject })
        grow(target - count('ready'))
      })
    },
    stop: async () => {
      stopped = true
      const error = new LambdaHostError('function_stopped', `${settings.name} was stopped`)
      for (const waiter of warming.splice(0)) waiter.reject(error)
      for (const job of queue.splice(0)) {
        job.settle(failed({ errorType: 'Runtime.ExitError', errorMessage: error.message }))
      }
      await Promise.all(launches)
      const all = [...environments]
      for (const environment of all) environment.kill()
      await Promise.all(all.map((environment) => environment.gone))
    },
  }
}
