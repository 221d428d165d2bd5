import { defineConfig } from 'vitest/config'

/** Tests against real gateways, one at a time: `npm run test:gateways`. */
export default defineConfig({
  test: {
    include: ['test/gateways/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 600_000,
    hookTimeout: 600_000,
    pool: 'forks',
    maxWorkers: 1,
  },
})
