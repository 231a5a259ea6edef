import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeLedger,
  isClosed,
  isRecorded,
  type LedgerEntry,
  type LedgerPage,
  openLedger,
  PAGE_LIMIT,
  pageFor,
  record,
  sum,
  type Totals,
  totals,
} from '../../core/ledger.ts'
import { encodeDocument, OUTCOMES } from '../../core/run.ts'

const CREATED = new Date('2026-01-31T00:00:00Z')
const observed = { specHash: 'hash', schedule: ['0 * * * *'], timeZone: 'UTC' }
const job = (uid = 'uid-1', createdAt = CREATED) => ({ name: 'nightly', uid, createdAt })
const opened = () => openLedger(job(), observed, CREATED)
const sizeOf = (page: LedgerPage) => Buffer.byteLength(encodeDocument(page))
const at = (minutes: number) => new Date(CREATED.getTime() + minutes * 60_000).toISOString()
const slots = (
  minutes: number,
  outcome: LedgerEntry extends infer E ? (E extends { type: 'slots'; outcome: infer O } ? O : never) : never,
  count = 1,
): LedgerEntry => ({
  type: 'slots',
  from: at(minutes),
  to: at(minutes),
  count,
  outcome,
  at: at(minutes),
})

const minute = fc.integer({ min: 0, max: 100_000 })
/** Texts as users write them: of any script, and as long as they may get here. */
const text = fc.string({ unit: 'grapheme', maxLength: 300 })
const entry: fc.Arbitrary<LedgerEntry> = fc.oneof(
  fc
    .record({ minute, outcome: fc.constantFrom(...OUTCOMES), count: fc.integer({ min: 1, max: 10_000 }) })
    .map(({ minute, outcome, count }) => slots(minute, outcome, count)),
  fc
    .record({
      minute,
      outcome: fc.constantFrom(...OUTCOMES),
      error: text,
      location: text,
      trigger: fc.constantFrom('schedule' as const, 'manual' as const),
    })
    .map(({ minute, ...rest }) => ({
      type: 'run' as const,
      run: `nightly.${minute}`,
      slot: at(minute),
      startedAt: at(minute),
      endedAt: at(minute + 1),
      bytes: 5,
      ...rest,
    })),
  fc.record({
    type: fc.constantFrom('edited' as const, 'paused' as const, 'resumed' as const, 'clock' as const, 'invalid' as const),
    at: minute.map(at),
    note: text,
  }),
)

/** A few entries, many times: pages are large when nobody looks. */
const many = fc
  .tuple(fc.array(entry, { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 25 }))
  .map(([entries, times]) => Array.from({ length: times }, () => entries).flat())

type Step =
  | { does: 'record'; entries: LedgerEntry[]; settled: number | undefined }
  | { does: 'next month' }
  | { does: 'recreate' }
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({ does: fc.constant('record' as const), entries: many, settled: fc.option(minute, { nil: undefined }) }),
  },
  { weight: 2, arbitrary: fc.constant({ does: 'next month' as const }) },
  { weight: 1, arbitrary: fc.constant({ does: 'recreate' as const }) },
)

describe('a ledger through its life', () => {
  it('never grows past its limit, never loses a count, never goes back, and can always be read', { timeout: 60_000 }, () => {
    let folded = 0
    let dropped = 0
    fc.assert(
      fc.property(fc.array(step, { minLength: 15, maxLength: 30 }), (steps) => {
        let page = opened()
        let own: Totals = {}
        let earlier: Totals = {}
        let now = CREATED
        let uid = 1
        for (const one of steps) {
          const before = page
          if (one.does === 'record') {
            page = record(page, one.entries, one.settled === undefined ? undefined : new Date(at(one.settled)))
            own = sum(
              own,
              ...one.entries.map((entry): Totals =>
                entry.type === 'slots' ? { [entry.outcome]: entry.count } : entry.type === 'run' ? { [entry.outcome]: 1 } : {},
              ),
            )
            if (page.entries.length < before.entries.length + one.entries.length) folded++
            if (Object.keys(page.carried).length > Object.keys(before.carried).length) dropped++
          } else if (one.does === 'next month') {
            now = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1))
            page = pageFor(page, now)
          } else {
            earlier = sum(earlier, own)
            own = {}
            page = openLedger(job(`uid-${++uid}`, now), observed, now, page)
          }
          expect(totals(page)).toEqual(own)
          expect(page.earlier ?? {}).toEqual(earlier)
          expect(sizeOf(page)).toBeLessThanOrEqual(PAGE_LIMIT)
          if (one.does !== 'recreate') expect(page.state.settledUpTo >= before.state.settledUpTo).toBe(true)
        }
        expect(decodeLedger(encodeDocument(page))).toEqual(page)
      }),
      { seed: 2026, numRuns: 25 },
    )
    // No use if nothing was ever folded or only counted.
    expect(folded).toBeGreaterThan(20)
    expect(dropped).toBeGreaterThan(2)
  })
})

describe('a page that grows too large', () => {
  it('loses the instants of old runs first: what ended alike in a row becomes one range', () => {
    let page = opened()
    const run = (minute: number): LedgerEntry => ({
      type: 'run',
      run: `nightly.${minute}`,
      slot: at(minute),
      trigger: 'schedule',
      outcome: 'completed',
      location: 'x'.repeat(200),
    })
    for (let minute = 1; minute <= 600; minute++) page = record(page, [run(minute)])
    expect(totals(page)).toEqual({ completed: 600 })
    expect(page.entries[1]).toMatchObject({ type: 'slots', from: at(1), outcome: 'completed' })
    expect(page.entries.at(-1)).toEqual(run(600))
  })

  it('keeps that a count was capped', () => {
    const capped = { ...slots(1, 'missed-down', 10_000), isCountCapped: true } as LedgerEntry
    let page = record(opened(), [capped, slots(2, 'missed-down')])
    while (page.entries.length > 2 || page.entries.at(-1)?.type !== 'slots') {
      page = record(
        page,
        Array.from({ length: 500 }, (_, index) => slots(index + 3, 'missed-down')),
      )
      if (page.entries[1]?.type === 'slots' && page.entries[1].count > 10_000) break
    }
    expect(page.entries[1]).toMatchObject({ isCountCapped: true })
  })

  it('does not count an earlier job’s slots as the new one’s, wherever it is cut', () => {
    const long = (index: number): LedgerEntry => ({ type: 'clock', at: at(index), note: 'x'.repeat(300) })
    const earlier = [slots(1, 'failed', 5), ...Array.from({ length: 199 }, (_, index) => long(index))]
    const before = { ...opened(), entries: earlier }
    const again = openLedger(job('uid-2'), observed, CREATED, before)
    const own = [slots(2, 'completed'), ...Array.from({ length: 197 }, (_, index) => long(index))]
    // Its creation is the first entry of the younger half.
    const page = record({ ...again, entries: [...again.entries, ...own] }, [slots(3, 'completed')])
    expect(page.entries[0]?.type).toBe('created')
    expect(page.carried).toEqual({ failed: 5 })
    expect(totals(page)).toEqual({ completed: 2 })
    expect(page.earlier).toEqual({ failed: 5 })
  })

  it('whose state alone is too large is left as it is, and not turned over for ever', () => {
    const page = { ...opened(), state: { ...opened().state, schedule: ['x'.repeat(PAGE_LIMIT)] } }
    expect(record(page, [slots(1, 'completed')]).entries).toEqual([])
    expect(totals(record(page, [slots(1, 'completed')]))).toEqual({ completed: 1 })
  })
})

describe('a page', () => {
  it('of a new job begins with its creation', () => {
    expect(opened()).toEqual({
      schema: 1,
      job: 'nightly',
      jobUid: 'uid-1',
      month: '202601',
      state: { settledUpTo: CREATED.toISOString(), ...observed },
      carried: {},
      entries: [{ type: 'created', at: CREATED.toISOString() }],
    })
  })

  it('whose record was lost goes on from when it was last known', () => {
    const known = new Date('2026-02-03T00:00:00Z')
    const page = openLedger(job(), observed, known, undefined, known)
    expect(page.state.settledUpTo).toBe(known.toISOString())
    expect(page.entries).toEqual([{ type: 'created', at: CREATED.toISOString(), note: 'the record of the time before was lost' }])
    expect(openLedger(job(), observed, known, undefined, new Date(0)).state.settledUpTo).toBe(CREATED.toISOString())
  })

  it('is the same one within its month, and before it', () => {
    const page = record(opened(), [slots(1, 'completed')])
    expect(pageFor(page, new Date('2026-01-31T23:59:59Z'))).toBe(page)
    expect(pageFor(page, new Date('2025-12-31T23:59:59Z'))).toBe(page)
  })

  it('of a new month has the state and the totals of the old one, and no entries', () => {
    const page = record(opened(), [slots(1, 'completed'), slots(2, 'failed', 3)], new Date(at(2)))
    const next = pageFor(page, new Date('2026-02-01T00:00:00Z'))
    expect(next).toEqual({ ...page, month: '202602', carried: { completed: 1, failed: 3 }, entries: [] })
  })

  it('is not changed by recording nothing', () => {
    const page = opened()
    expect(record(page, [])).toBe(page)
    expect(record(page, [], new Date(0))).toBe(page)
  })

  it('is closed while the last thing that happened is the deletion of its job', () => {
    const deleted = record(opened(), [{ type: 'deleted', at: at(1) }])
    expect([isClosed(opened()), isClosed(deleted), isClosed(openLedger(job('uid-2'), observed, CREATED, deleted))]).toEqual([
      false,
      true,
      false,
    ])
  })

  it('knows which runs have their line already', () => {
    const page = { ...opened(), state: { ...opened().state, removing: ['nightly.1'] } }
    expect([isRecorded(page, 'nightly.1'), isRecorded(page, 'nightly.2'), isRecorded(opened(), 'nightly.1')]).toEqual([
      true,
      false,
      false,
    ])
  })
})

describe('reading a ledger', () => {
  it.each([
    ['no JSON', '{', /the ledger is not JSON/],
    ['nothing', 'null', /the ledger: /],
    ['another shape', '{"schema": 1}', /the ledger: .*jobUid/],
    ['an outcome that is none', encodeDocument(record(opened(), [slots(1, 'x' as never)])), /outcome/],
  ])('says what is wrong with %s', (_, text, why) => {
    expect(() => decodeLedger(text)).toThrow(why)
  })

  it('does not guess at a newer one', () => {
    expect(() => decodeLedger(JSON.stringify({ ...opened(), schema: 2 }))).toThrow(
      expect.objectContaining({ code: 'STORE_NEWER' }),
    )
  })
})
