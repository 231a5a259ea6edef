import { describe, expect, it } from 'vitest'
import { condition, lines, run } from '../run-analyzer.ts'

const usage = { total_bytes: 1_000_000_000, used_bytes: 850_000_000 }
const files = { 'host-collectors/diskUsage/diskUsage.json': usage }

describe('diskUsage', () => {
  // Each verdict is the peer's, but for the last, which the peer refuses.
  it.each([
    ['used/total > 80%', 'held'],
    ['used/total > 0.85', 'not'],
    ['used/total >= 85%', 'held'],
    ['used/total == 0.85', 'held'],
    ['used/total < 85%', 'not'],
    ['used/total > 1e-1', 'held'],
    ['USED/TOTAL > 80%', 'held'],
    ['available/total < 15%', 'not'],
    ['available/total <= .15', 'held'],
    ['available < 150M', 'not'],
    ['available <= 150M', 'held'],
    ['total == 1G', 'held'],
    ['Total > 1Gi', 'not'],
    ['used > 800000000', 'held'],
    ['used < 850M', 'not'],
    ['free > 1', 'error'],
    ['used/total > x', 'error'],
    ['used/total > 80 %', 'error'],
    ['used > 1%', 'error'],
    ['total >', 'error'],
    ['used ~ 1', 'error'],
    // ours
    ['used != 850M', 'not'],
  ])('%s: %s', (when, want) => expect(condition('hostAnalyzers', 'diskUsage', when, files)).toBe(want))

  it('finds the file of a named collector', () => {
    const named = { ...files, 'host-collectors/diskUsage/root.json': { total_bytes: 10, used_bytes: 1 } }
    const config = { collectorName: 'root', outcomes: [{ fail: { when: 'used == 1', message: 'one' } }] }
    expect(lines(run('hostAnalyzers', 'diskUsage', config, named))).toEqual(['Disk Usage root | fail | one'])
  })

  it('has no opinion on a file system of no size', () => {
    const empty = { 'host-collectors/diskUsage/diskUsage.json': { total_bytes: 0, used_bytes: 0 } }
    expect([
      condition('hostAnalyzers', 'diskUsage', 'used/total > 80%', empty),
      condition('hostAnalyzers', 'diskUsage', 'used/total <= 80%', empty),
    ]).toEqual(['not', 'not'])
  })
})
