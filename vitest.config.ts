import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    disableConsoleIntercept: true,
    globalSetup: ['test/support/global-setup.ts'],
    // Limits are for what hangs: a machine ten times slower than a quiet one meets them.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 60_000 } },
    pool: 'forks',
    // Some of the time is spent waiting for helm, pods and probes: three at a time keep two cores busy.
    maxWorkers: 3,
  },
})
