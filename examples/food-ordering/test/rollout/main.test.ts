import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { descendantsOf, isAlive, startDemo } from '../demo/processes.ts'

test('the demo of rollouts leaves no process behind on Ctrl-C', { timeout: 60_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'rollouts-'))
  try {
    const demo = startDemo(['--rollout', '--users', '100', '--rate', '5'], directory)
    await demo.saw('step 1 of 5 is not over')
    const running = descendantsOf(demo.child.pid ?? 0)
    demo.child.kill('SIGINT')
    expect(await demo.exitCode).toBe(130)
    expect(running.length).toBeGreaterThan(7)
    expect(running.filter(isAlive)).toEqual([])
    expect(demo.stderr()).toBe('Stopped.\n')
  } finally {
    rmSync(directory, { recursive: true })
  }
})
