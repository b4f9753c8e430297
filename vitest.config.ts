import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // Engines, processes and builds on machines that do other things as well. No test asserts a time.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: ['packages/*', 'examples/*'].map((root) => ({
      extends: true,
      test: { include: [`${root}/test/**/*.test.ts`] },
    })),
  },
})
