import { defineConfig } from 'vitest/config'
import shared from './vitest.config.ts'

/** `npm run test:faults`: agents killed at random, a failing API server, a thousand hostile jobs. Takes ten minutes and more. */
export default defineConfig({
  test: { ...shared.test, include: ['test/cluster/{faults,hostile,two-agents}.test.ts'], exclude: [], retry: 0 },
})
