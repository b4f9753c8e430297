import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // Engines, processes and builds on machines that do other things as well. No test asserts a time.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // How long is waited for what must come: a second, which is its default, would be a time that is asserted.
    expect: { poll: { timeout: 20_000 } },
    // Half of the time is spent waiting for engines: on two cores, one file at a time would take twice as long.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: ['packages/*', 'examples/*'].map((root) => ({
      extends: true,
      test: { include: [`${root}/test/**/*.test.ts`] },
    })),
  },
})
