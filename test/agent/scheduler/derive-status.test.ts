import { expect, it } from 'vitest'
import { deriveStatus } from '../../../agent/scheduler/derive-status.ts'
import { viewJob } from '../../../agent/scheduler/job-view.ts'
import { openLedger } from '../../../core/ledger.ts'

const AT = new Date('2026-03-10T01:00:00.000Z')

it.each<[string, string | undefined]>([
  ['{auto: paranoid}', 'paranoid'],
  ['{auto: true}', 'standard'],
  ['{auto: false}', undefined],
  ['{}', undefined],
])('a status has the profile of a job with collect: %s', (collect, auto) => {
  const text = `apiVersion: support-bundle-schedule.io/v1\nschedule: '@daily'\ncollect: ${collect}\n`
  const stored = { kind: 'job', namespace: '', name: 'a', uid: 'uid', version: '1', createdAt: AT, text } as const
  const view = viewJob({ ...stored, labels: {}, annotations: {}, isSealed: false })
  const page = openLedger(stored, { specHash: view.specHash, schedule: ['@daily'], timeZone: 'UTC' }, AT)
  expect(deriveStatus({ view, page, runs: [], troubles: [] }, AT).auto).toBe(auto)
})
