import { describe, expect, it } from 'vitest'
import {
  isRunName,
  jobOf,
  ledgerName,
  manualRunName,
  monthOf,
  requestName,
  runName,
  slotOf,
  statusName,
} from '../../core/names.ts'

const SLOT = new Date('2026-11-24T02:00:00Z')

describe('names', () => {
  it('are made of the job and what they are for', () => {
    expect(statusName('nightly')).toBe('nightly.status')
    expect(requestName('nightly', 'abc')).toBe('nightly.request.abc')
    expect(manualRunName('nightly', 'abc')).toBe('nightly.mabc')
    expect(ledgerName('nightly', '202611')).toBe('nightly.ledger.202611')
    expect(runName('nightly', SLOT)).toBe('nightly.29924760')
    expect(monthOf(new Date('2026-11-30T23:59:59.999Z'))).toBe('202611')
  })

  it('of a run tell its slot, and nothing of when it started', () => {
    expect(runName('nightly', new Date(SLOT.getTime() + 59_999))).toBe(runName('nightly', SLOT))
    expect(slotOf(runName('nightly', SLOT))).toEqual(SLOT)
    expect(slotOf(manualRunName('nightly', '0123456789'))).toBeUndefined()
  })

  it('tell which job they belong to', () => {
    for (const name of ['nightly', 'nightly.status', 'nightly.29925240', 'nightly.ledger.202611', 'nightly.request.abc'])
      expect(jobOf(name)).toBe('nightly')
    expect(jobOf('nightly-2.1')).toBe('nightly-2')
  })

  it.each([
    ['nightly.29925240', true],
    ['nightly-2.mabc', true],
    ['nightly', false],
    ['.hidden', false],
    ['nightly.status.json', false],
    ['../nightly.1', false],
    ['nightly.1/../..', false],
    ['Nightly.1', false],
  ])('%s is a run’s: %s', (name, want) => {
    expect(isRunName(name)).toBe(want)
  })
})
