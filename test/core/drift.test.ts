import { describe, expect, it } from 'vitest'
import { type Drift, explainDrift, showDrift } from '../../core/drift.ts'
import { decodeRun, DriftFacts, encodeDocument } from '../../core/run.ts'

const CASES: readonly [drift: Drift | undefined, shown: string, explained?: string][] = [
  [undefined, '-'],
  [{ state: 'no-baseline', reason: 'nothing ran' }, 'no baseline', 'no baseline: nothing ran'],
  [{ state: 'same', baseline: 'a.1' }, 'none', 'none since a.1'],
  [
    { state: 'incomparable', baseline: 'a.1', reason: 'it is damaged' },
    'not comparable',
    'not comparable since a.1: it is damaged',
  ],
  [
    { state: 'changed', baseline: 'a.1', appeared: 2, gone: 1, changed: 3, flips: 1 },
    '+2 -1 ~3 !1',
    '2 appeared, 1 gone, 3 changed, 1 verdict flipped since a.1',
  ],
  [{ state: 'changed', flips: 4 }, '!4', '4 verdicts flipped'],
]

describe('drift in words', () => {
  it.each(CASES)('%j', (drift, shown, explained) => {
    expect(showDrift(drift)).toBe(shown)
    if (drift) expect(explainDrift(drift)).toBe(explained)
  })

  it('of a record that something else wrote is not known', () => {
    expect(showDrift(JSON.parse('{"state":"toString"}') as Drift)).toBe('-')
  })
})

describe('the record of a run', () => {
  const run = {
    schema: 1,
    job: 'a',
    jobUid: 'u',
    specHash: 'h',
    trigger: 'schedule',
    slot: '2026-01-01T00:00:00.000Z',
    phase: 'running',
    holder: { pid: 1, startId: 's' },
    claimedAt: '2026-01-01T00:00:00.000Z',
  }

  it('keeps its drift', () => {
    const drift = { state: 'changed', baseline: 'a.1', appeared: 2, reason: 'x' }
    expect(decodeRun(encodeDocument({ ...run, drift })).drift).toEqual(drift)
    expect(decodeRun(encodeDocument(run)).drift).toBeUndefined()
  })

  it('takes no more than 300 bytes and a bit of it, and no nonsense', () => {
    const longest = { state: 'no-baseline', baseline: 'x'.repeat(128), reason: 'y'.repeat(128) }
    expect(DriftFacts.safeParse(longest).success).toBe(true)
    for (const wrong of [
      { reason: 'y'.repeat(129) },
      { baseline: 'x'.repeat(129) },
      { gone: -1 },
      { gone: 1.5 },
      { state: 'none' },
    ])
      expect(DriftFacts.safeParse({ ...longest, ...wrong }).success, JSON.stringify(wrong)).toBe(false)
  })
})
