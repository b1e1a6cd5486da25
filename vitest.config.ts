import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
    exclude: ['test/{live,systems,faults,render}/**', '**/node_modules/**'],
    testTimeout: 20_000,
    // By default one core is left for watching files.
    maxWorkers: '100%',
    // A busy machine is slow, not wrong.
    expect: { poll: { timeout: 15_000 } },
  },
})
