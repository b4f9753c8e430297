import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { isAlive } from './deployed.ts'

test('a host killed by SIGKILL leaves no environment behind, not even one stuck in a loop', async () => {
  const script = fileURLToPath(new URL('./handlers/host-process.ts', import.meta.url))
  const parent = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const pids: number[] = []
  for await (const line of createInterface({ input: parent.stdout })) {
    const [, pid] = /^pid (\d+)$/.exec(line) ?? []
    if (pid !== undefined) pids.push(Number(pid))
    if (pids.length === 2) break
  }
  expect(pids.map(isAlive)).toEqual([true, true])
  parent.kill('SIGKILL')
  await expect.poll(() => pids.map(isAlive), { timeout: 10_000 }).toEqual([false, false])
})
