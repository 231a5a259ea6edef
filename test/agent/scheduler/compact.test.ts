import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toCompact } from '../../../agent/scheduler/compact.ts'
import { type KeptRun, runDocument } from '../../../agent/scheduler/runs.ts'
import type { Run } from '../../../core/run.ts'
import { aJob, aRun } from '../../support/jobs.ts'
import { aWorld } from '../../support/agent.ts'

const at = (minute: number) => new Date(Date.UTC(2026, 2, 10, 0, minute)).toISOString()

const kept: fc.Arbitrary<KeptRun> = fc
  .record({
    minute: fc.integer({ min: 0, max: 500 }),
    phase: fc.constantFrom('claimed', 'running', 'delivering', 'finished', 'finished', 'finished'),
    outcome: fc.constantFrom('completed', 'failed', 'interrupted'),
  })
  .map(({ minute, phase, outcome }): Run => aRun({ slot: at(minute), endedAt: at(minute + 7), phase, outcome }))
  .map((run) => ({ name: `nightly.${run.slot}`, run, stored: {} as KeptRun['stored'] }))

describe('runs that become lines', () => {
  it('are settled ones, but for the last three and the last good one', () => {
    fc.assert(
      fc.property(fc.uniqueArray(kept, { selector: ({ name }) => name, maxLength: 30 }), (runs) => {
        const old = toCompact(runs)
        const settled = runs.filter(({ run }) => run.phase === 'finished')
        const rest = settled.filter((one) => !old.includes(one))
        const byEnd = settled.toSorted((a, b) => (a.run.endedAt ?? '').localeCompare(b.run.endedAt ?? ''))
        expect(old.every(({ run }) => run.phase === 'finished')).toBe(true)
        for (const last of byEnd.slice(-3)) expect(rest).toContain(last)
        const good = byEnd.findLast(({ run }) => run.outcome === 'completed')
        if (good) expect(rest).toContain(good)
        expect(rest.length).toBeLessThanOrEqual(4)
      }),
      { seed: 1 },
    )
  })

  it('have all that history tells of them in their line', async () => {
    await using world = await aWorld('2026-03-10T00:30:00Z')
    const { uid } = await world.create(aJob())
    const deliveries = [{ uploader: 's3', state: 'delivered' as const, tries: 1, location: 's3://bucket/a.tar.gz' }]
    const error = { code: 'X', message: 'it did not work' }
    for (const minute of [40, 50, 60, 70, 80]) {
      const run = aRun({
        slot: at(minute),
        jobUid: uid,
        startedAt: at(minute + 1),
        endedAt: at(minute + 2),
        deliveries,
        ...(minute === 40 ? { outcome: 'failed', error } : {}),
      })
      const ref = { kind: 'run' as const, namespace: '', name: `nightly.m${minute}` }
      const { version } = await world.store.create(ref, runDocument({ ...run, trigger: 'manual' }))
      await world.store.seal(ref, runDocument({ ...run, trigger: 'manual' }), version)
    }
    const agent = world.agent()
    await agent.look()
    expect((await world.entries()).slice(1)).toEqual([
      {
        type: 'run',
        run: 'nightly.m40',
        slot: at(40),
        trigger: 'manual',
        outcome: 'failed',
        startedAt: at(41),
        endedAt: at(42),
        bytes: 100,
        location: 's3://bucket/a.tar.gz',
        error: 'it did not work',
      },
      expect.objectContaining({ run: 'nightly.m50', outcome: 'completed' }),
    ])
    expect([...(await world.runs()).keys()]).toEqual(['nightly.m60', 'nightly.m70', 'nightly.m80'])
    expect((await world.pages())[0]?.state.settledUpTo, 'manual runs do not move the schedule').toBe('2026-03-10T00:30:00.000Z')
  })
})
