import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { LogLine } from '../../src/lambda/log-lines.ts'
import { deployed, handlerFile } from './deployed.ts'

test('Managed Instances: no more invocations are inside than the environment may take', async () => {
  const { invoke } = deployed({ entry: handlerFile('counts.mjs'), maxConcurrency: 1, managedInstances: 2 })
  const results = await Promise.all(Array.from({ length: 8 }, () => invoke({ ms: 20 })))
  expect(Math.max(...results.map(({ value }) => value))).toBe(2)
})

test('Managed Instances: a time-out lets its neighbours finish, then the environment is replaced', async () => {
  const { invoke } = deployed({ maxConcurrency: 1, managedInstances: 2, timeoutMs: 2_000 })
  const first = (await invoke({})).value
  const hanging = invoke({ do: 'hang' })
  await sleep(1_000)
  // Ends after its neighbour's time-out and before its own.
  const neighbour = await invoke({ do: 'sleep', ms: 1_500 })
  const late = await hanging
  expect(late.value.errorType).toBe('Sandbox.Timedout')
  expect(neighbour.value.pid).toBe(first.pid)
  expect((await invoke({})).value.pid).not.toBe(first.pid)
})

test('Managed Instances: a worker that exits fails what is inside, and the next event gets a new process', async () => {
  const { invoke } = deployed({ maxConcurrency: 1, managedInstances: 2 })
  const [hanging, exiting] = await Promise.all([invoke({ do: 'hang' }), invoke({ do: 'exit' })])
  expect(hanging.value.errorType).toBe('Runtime.ExitError')
  expect(exiting.value.errorType).toBe('Runtime.ExitError')
  expect((await invoke({})).value.invocations).toBe(1)
})

test('Managed Instances: ten invocations run inside one process at a time and keep their own context', async () => {
  const { invoke } = deployed({ entry: handlerFile('together.mjs'), maxConcurrency: 1, managedInstances: 10 })
  const guests = Array.from({ length: 10 }, (_, guest) => guest)
  const results = await Promise.all(guests.map((guest) => invoke({ guest, guests: guests.length })))
  expect(results.map(({ value }) => value.guest)).toEqual(guests)
  expect(new Set(results.map(({ value }) => value.pid)).size).toBe(1)
  expect(new Set(results.map(({ value }) => value.requestId)).size).toBe(10)
  expect(results.every(({ value }) => value.trace === undefined)).toBe(true)
})

test('Managed Instances: log lines are JSON and name their request', async () => {
  const lines: string[] = []
  const options = { onLog: ({ line }: LogLine) => lines.push(line) }
  const { host, invoke } = deployed(
    { entry: handlerFile('together.mjs'), maxConcurrency: 1, managedInstances: 2 },
    options,
  )
  const results = await Promise.all([0, 1].map((guest) => invoke({ guest, guests: 2 })))
  await host.close()
  const logged = lines.map((line) => JSON.parse(line))
  for (const { value } of results) {
    expect(logged).toContainEqual(
      expect.objectContaining({ message: `served ${value.guest}`, requestId: value.requestId }),
    )
  }
})
