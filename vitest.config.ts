import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // The long ones have a run of their own, `npm run test:faults`, and so have those on a whole node, `npm run test:e2e`.
    exclude: ['test/cluster/{faults,hostile,two-agents}.test.ts', 'test/e2e/**'],
    globalSetup: ['test/cluster/global-setup.ts'],
    testTimeout: 60_000,
    // A first run builds programs of the peer and of Kubernetes from Go modules.
    hookTimeout: 1_800_000,
    pool: 'forks',
    // Tests of real processes wait for real time at places, and a machine that is shared may be slow: in CI a test that fails has
    // two more tries. On a developer's machine it has none, so that nobody gets used to it.
    retry: process.env['CI'] ? 2 : 0,
  },
})
