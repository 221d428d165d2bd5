import { defineConfig } from 'vitest/config'

/** `npm run test:cluster`: in the cluster that the environment names, never with the other tests (docs/test-cluster.md). */
export default defineConfig({
  test: {
    include: ['test/cluster/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 1_800_000,
    hookTimeout: 600_000,
  },
})
