import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**'],
    globalSetup: ['test/cluster/global-setup.ts'],
    testTimeout: 60_000,
    // A first run builds programs of the peer and of Kubernetes from Go modules.
    hookTimeout: 1_800_000,
    pool: 'forks',
  },
})
