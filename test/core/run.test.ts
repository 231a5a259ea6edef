import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  completeRun,
  decodeRequest,
  decodeRun,
  encodeDocument,
  endRun,
  fitRun,
  isActive,
  isLater,
  isSameHolder,
  isSettled,
  type Run,
  runState,
  shorten,
} from '../../core/run.ts'
import { aDelivery, aRun } from '../support/jobs.ts'

const SLOT = '2026-03-10T01:00:00.000Z'

describe('the state of a run', () => {
  it.each<[string, Partial<Run>, ReturnType<typeof runState>, boolean, boolean]>([
    ['claimed', { phase: 'claimed' }, 'pending', true, false],
    ['at work', { phase: 'running' }, 'running', true, false],
    ['on its way', { phase: 'delivering', deliveries: [aDelivery()] }, 'running', false, false],
    [
      'tried in vain',
      { phase: 'delivering', deliveries: [aDelivery({ state: 'delivered', tries: 1 }), aDelivery({ tries: 2 })] },
      'retrying',
      false,
      false,
    ],
    ['completed', { outcome: 'completed' }, 'completed', false, true],
    ['failed', { outcome: 'failed' }, 'failed', false, true],
    ['interrupted', { outcome: 'interrupted' }, 'failed', false, true],
  ])('that is %s', (_, change, state, active, settled) => {
    const run = aRun({ slot: SLOT, ...change })
    expect([runState(run), isActive(run), isSettled(run)]).toEqual([state, active, settled])
  })

  it('at its end has an outcome, and the time at which collecting ended', () => {
    const { endedAt: _, ...open } = aRun({ slot: SLOT, phase: 'running' })
    const error = { code: 'X', message: 'no' }
    expect(endRun(open, 'failed', new Date(SLOT), error)).toMatchObject({
      phase: 'finished',
      outcome: 'failed',
      endedAt: SLOT,
      error,
    })
    expect(endRun(aRun({ slot: SLOT }), 'completed', new Date(0)).endedAt, 'deliveries may have gone on').toBe(SLOT)
  })
})

describe('a run whose work is done', () => {
  const collected = (ran: number, failed: number) =>
    aRun({ slot: SLOT, phase: 'running', collectors: { ran, failed, skipped: 0 } })
  const lost = { code: 'UPLOAD_FAILED', message: 'no' }
  it.each<[string, Run, typeof lost | undefined, Run['outcome'], string | undefined]>([
    ['is complete', collected(2, 0), undefined, 'completed', undefined],
    ['is complete when some collectors failed', collected(1, 1), undefined, 'completed', undefined],
    ['is complete when it had none to fail', collected(0, 0), undefined, 'completed', undefined],
    ['has failed when none worked', collected(0, 2), undefined, 'failed', 'COLLECTED_NOTHING'],
    ['has failed when a delivery was given up', collected(2, 0), lost, 'failed', 'UPLOAD_FAILED'],
    ['says first that it is empty', collected(0, 2), lost, 'failed', 'COLLECTED_NOTHING'],
  ])('%s', (_, run, given, outcome, code) => {
    const { error: __, outcome: ___, ...open } = run
    const done = completeRun(open, new Date(SLOT), given)
    expect([done.phase, done.outcome, done.error?.code]).toEqual(['finished', outcome, code])
  })
})

describe('who holds a run', () => {
  const holder = (change: object = {}) => ({ pid: 1, startId: 'a', ...change })
  const fence = (transitions: number, leaseUid = 'lease') => ({ fence: { leaseUid, transitions } })
  it('is the same process, in the same term', () => {
    expect(isSameHolder(holder(), holder())).toBe(true)
    expect(isSameHolder(holder(fence(3)), holder(fence(3)))).toBe(true)
    for (const other of [{ pid: 2 }, { startId: 'b' }, fence(4), fence(3, 'another'), { fence: undefined }])
      expect(isSameHolder(holder(fence(3)), holder({ ...fence(3), ...other })), JSON.stringify(other)).toBe(false)
  })

  it('is later by the transitions of one lease; what was written under another says nothing', () => {
    expect(isLater(fence(4).fence, fence(3).fence)).toBe(true)
    for (const one of [undefined, fence(3).fence, fence(2).fence, fence(9, 'another').fence])
      expect(isLater(one, fence(3).fence)).toBe(false)
  })
})

describe('reading', () => {
  it('a run gives back what was written', () => {
    const run = aRun({ slot: SLOT, deliveries: [aDelivery({ location: 'x' })] })
    expect(decodeRun(encodeDocument(run))).toEqual(run)
  })

  it.each([
    ['no JSON', 'x', /the run is not JSON/],
    ['a number', '5', /the run: /],
    ['a phase that is none', encodeDocument(aRun({ slot: SLOT, phase: 'dreaming' as never })), /phase/],
    ['a time that is none', encodeDocument(aRun({ slot: 'yesterday' })), /slot/],
  ])('says what is wrong with %s, on one line', (_, text, why) => {
    expect(() => decodeRun(text)).toThrow(why)
    expect(() => decodeRun(text)).toThrow(expect.objectContaining({ message: expect.not.stringContaining('\n') as string }))
  })

  it('does not guess at a newer one', () => {
    for (const read of [decodeRun, decodeRequest])
      expect(() => read('{"schema": 7}')).toThrow(expect.objectContaining({ code: 'STORE_NEWER' }))
  })
})

describe('shortening', () => {
  it('leaves as it is what fits', () => {
    expect(shorten('ä"\n', 8)).toBe('ä"\n')
    expect(shorten('', 0)).toBe('')
  })

  it('cuts between characters, to the bytes that the text takes as JSON', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 3, max: 60 }), (text, bytes) => {
        const short = shorten(text, bytes)
        expect(Buffer.byteLength(JSON.stringify(short)) - 2).toBeLessThanOrEqual(bytes)
        expect(short.isWellFormed()).toBe(true)
        if (short !== text) expect(text.startsWith(short.slice(0, -1)) && short.endsWith('…')).toBe(true)
      }),
      { seed: 1 },
    )
  })

  it('a run keeps all but the length of its texts', () => {
    const long = 'x'.repeat(10_000)
    const run = aRun({
      slot: SLOT,
      error: { code: 'X', message: long, remedy: long },
      deliveries: [aDelivery({ location: long })],
    })
    const fitted = fitRun(run, 16 * 1024)
    expect(Buffer.byteLength(encodeDocument(fitted))).toBeLessThanOrEqual(16 * 1024)
    const { error, deliveries, ...rest } = fitted
    expect(run).toMatchObject(rest)
    expect([error?.code, deliveries.map(({ uploader }) => uploader)]).toEqual(['X', ['local']])
    expect(fitRun(run, 10 ** 6)).toBe(run)
  })
})
