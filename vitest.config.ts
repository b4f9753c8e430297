import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: ['packages/*', 'examples/*'].map((root) => ({ test: { include: [`${root}/test/**/*.test.ts`] } })),
  },
})
