import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeRequest,
  decodeRun,
  encodeDocument,
  endRun,
  fitRun,
  isActive,
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
