import { defineConfig } from 'vitest/config'

/** Real servers and writers (test/live/run.sh starts this); one file at a time, since they share the machine. */
export default defineConfig({
  test: {
    include: ['test/live/**/*.live.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
})
