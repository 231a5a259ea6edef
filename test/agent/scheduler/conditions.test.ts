import { describe, expect, it } from 'vitest'
import { conditionsOf } from '../../../agent/scheduler/conditions.ts'
import { viewJob } from '../../../agent/scheduler/job-view.ts'
import { runDocument } from '../../../agent/scheduler/runs.ts'
import type { Run } from '../../../core/run.ts'
import { aDelivery, aJob, aRun, runNameOf } from '../../support/jobs.ts'

const AT = '2026-03-10T01:00:00.000Z'
const stored = (name: string, text: string) => ({
  ...({ kind: 'job', namespace: '', name, uid: 'uid', version: '1', createdAt: new Date(AT), text } as const),
  ...{ labels: {}, annotations: {}, isSealed: false },
})
const job = aJob()
const conditions = (change: Partial<Run>, text = job.text) => {
  const run = aRun({ slot: AT, ...change })
  const name = runNameOf(run)
  const kept = { name, stored: stored(name, runDocument(run).text), run }
  return Object.fromEntries(conditionsOf(viewJob(stored(job.name, text)), [kept], []).map((one) => [one.type, one]))
}

describe('what holds of a job', () => {
  it('is that it can run, and what its last run came to', () => {
    const { Valid, Collected, Degraded } = conditions({})
    expect(Valid).toMatchObject({ status: 'True', reason: 'Accepted' })
    expect(Collected).toMatchObject({ status: 'True', reason: 'Complete' })
    expect(Collected).not.toHaveProperty('remedy')
    expect(Degraded).toBeUndefined()
  })

  it('is with which command to find the rights that its last run lacked', () => {
    const { Collected } = conditions({ refused: 13 })
    expect(Collected).toMatchObject({ status: 'True', reason: 'Complete' })
    expect(Collected?.message).toContain('13 requests were refused')
    expect(Collected?.remedy).toContain(`rbac plan ${job.name}`)
  })

  it('is why nothing was collected', () => {
    const error = { code: 'TASK_TIMED_OUT', message: 'too slow', remedy: 'raise it' }
    const { bundle: _, ...without } = aRun({ slot: AT })
    const { Collected } = conditions({ ...without, bundle: undefined as never, outcome: 'failed', error })
    expect(Collected).toMatchObject({ status: 'False', reason: 'Failed', message: 'too slow', remedy: 'raise it' })
  })

  it('is that nothing was collected, while its bundle of errors is still under way too', () => {
    const collectors = { ran: 0, failed: 3, skipped: 1 }
    for (const phase of ['delivering', 'finished'] as const) {
      const { Collected } = conditions({ collectors, phase })
      expect(Collected).toMatchObject({ status: 'False', reason: 'Failed' })
      expect(Collected?.message).toContain('none of the 3 collectors worked')
    }
    expect(conditions({ collectors: { ...collectors, ran: 1 } })['Collected']).toMatchObject({ status: 'True' })
  })

  it('is where a bundle could not be delivered, and why', () => {
    const error = { code: 'UPLOAD_FAILED', message: 'no', remedy: 'pay' }
    const { Delivered } = conditions({ phase: 'delivering', deliveries: [aDelivery({ tries: 2, error })] })
    expect(Delivered).toMatchObject({ status: 'False', reason: 'Retrying', remedy: 'pay' })
  })

  it('is what is wrong with it', () => {
    const { Valid } = conditions({}, 'apiVersion: support-bundle-schedule.io/v1\nschedule: "x"\n')
    expect(Valid).toMatchObject({ status: 'False', reason: 'Invalid' })
    const { Degraded } = conditions({}, `${job.text}colour: red\n`)
    expect(Degraded).toMatchObject({ status: 'True', reason: 'UnknownKey', message: 'ignored: colour' })
  })
})
