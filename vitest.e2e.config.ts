import { defineConfig } from 'vitest/config'

/** `npm run test:e2e`: all on one real Kubernetes node, in namespaces of its own. See test/e2e/README.md. */
export default defineConfig({
  test: {
    include: ['test/e2e/**/*.test.ts'],
    globalSetup: ['test/e2e/global-setup.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // There is one node, and some tests take its API server away.
    fileParallelism: false,
  },
})
