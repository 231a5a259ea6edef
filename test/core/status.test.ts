import { describe, expect, it } from 'vitest'
import { decodeStatus, type JobStatus } from '../../core/status.ts'

const status: JobStatus = {
  schema: 1,
  id: 'uid-1',
  observedSpecHash: 'hash',
  state: 'completed',
  isPaused: false,
  description: '',
  schedule: '0 2 * * *',
  timeZone: 'UTC',
  targets: ['s3'],
  nextSlots: ['2026-03-10T02:00:00.000Z'],
  runCount: 3,
  conditions: [{ type: 'Valid', status: 'True', reason: 'Accepted', message: 'the job can run', at: '2026-03-10T00:00:00.000Z' }],
  updatedAt: '2026-03-10T00:00:00.000Z',
}

describe('reading a status', () => {
  it('gives back what was written', () => {
    expect(decodeStatus(JSON.stringify(status))).toEqual(status)
  })

  it.each<[string, unknown]>([
    ['nothing', null],
    ['a number', 5],
    ['a newer version', { ...status, schema: 2 }],
    ...(
      ['id', 'observedSpecHash', 'state', 'schedule', 'timeZone', 'updatedAt', 'targets', 'nextSlots', 'conditions'] as const
    ).map((key): [string, unknown] => [`no ${key}`, { ...status, [key]: undefined }]),
    ['a target that is none', { ...status, targets: [5] }],
    ['a slot that is none', { ...status, nextSlots: [null] }],
    ['a condition that is none', { ...status, conditions: [null] }],
    ['a condition without message', { ...status, conditions: [{ type: 'Valid' }] }],
  ])('gives nothing for %s', (_, value) => {
    expect(decodeStatus(JSON.stringify(value))).toBeUndefined()
  })

  it('gives nothing for what is no JSON', () => {
    expect(decodeStatus('{')).toBeUndefined()
    expect(decodeStatus('')).toBeUndefined()
  })
})
