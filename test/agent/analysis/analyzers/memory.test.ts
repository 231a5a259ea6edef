import { describe, expect, it } from 'vitest'
import { condition } from '../run-analyzer.ts'

const files = { 'host-collectors/system/memory.json': { total: 8201789440 } }

describe('memory', () => {
  // Each verdict is the peer's, but for the last group, which the peer refuses.
  it.each([
    ['< 8Gi', 'held'],
    ['> 8Gi', 'not'],
    ['>= 8201789440', 'held'],
    ['> 8201789440', 'not'],
    ['== 8201789440', 'held'],
    ['= 8009560Ki', 'held'],
    ['=== 8Gi', 'not'],
    ['<= 7.5G', 'not'],
    ['< 1e10', 'held'],
    ['> 1E', 'not'],
    ['> +1Gi', 'held'],
    ['> 01Gi', 'held'],
    ['x 1Gi', 'error'],
    ['<> 1Gi', 'error'],
    ['< foo', 'error'],
    ['Gi', 'error'],
    ['< 1 Gi', 'error'],
    ['> 1gi', 'error'],
    // ours
    ['< 100Ti', 'held'],
    ['< 1.5Gi', 'not'],
    ['< 8201789440000m', 'not'],
    ['!= 8Gi', 'held'],
  ])('%s: %s', (when, want) => expect(condition('hostAnalyzers', 'memory', when, files)).toBe(want))
})
