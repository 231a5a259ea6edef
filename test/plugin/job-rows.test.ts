import { expect, it } from 'vitest'
import { ANNOTATION_PAUSED } from '../../core/names.ts'
import { jobRow } from '../../plugin/job-rows.ts'
import { makeCli } from '../support/cli.ts'
import { putJob, putStatus } from './records.ts'

const now = new Date('2026-01-01T00:00:00Z')

/** A job that the agent saw as `failed`, on a schedule that is not in its text, so that a row tells where it comes from. */
async function seen() {
  const { store } = await makeCli()
  const job = await putJob(store, 'a')
  await putStatus(store, job, { state: 'failed', schedule: 'as seen', nextSlots: ['2026-01-02T00:00:00.000Z'], runCount: 7 })
  const status = await store.get({ kind: 'status', namespace: '', name: 'a.status' })
  return { job, text: status?.text ?? '' }
}

it('what the agent saw is shown as it is', async () => {
  const { job, text } = await seen()
  const want = { schedule: 'as seen', status: 'failed', runCount: 7, nextRun: '2026-01-02T00:00:00.000Z' }
  expect(await jobRow(job, text, now)).toMatchObject(want)
  // not even looked at: the store says that nothing changed
  expect(await jobRow({ ...job, text: 'other' }, text, now)).toMatchObject(want)
})

it('another version with the same spec, like one with a label of others, is still what the agent saw', async () => {
  const { job, text } = await seen()
  const labelled = { ...job, version: 'later', labels: { team: 'x' } }
  expect(await jobRow(labelled, text, now)).toMatchObject({ schedule: 'as seen', status: 'failed' })
})

it('a pause or an edit that the agent has not seen is read from the job', async () => {
  const { job, text } = await seen()
  const paused = { ...job, version: 'later', annotations: { [ANNOTATION_PAUSED]: 'why' } }
  expect(await jobRow(paused, text, now)).toMatchObject({
    schedule: '0 2 * * *',
    status: 'disabled',
    enabled: false,
    runCount: 7,
  })
  const edited = { ...job, version: 'later', text: job.text.replace('0 2', '5 2') }
  expect(await jobRow(edited, text, now)).toMatchObject({ schedule: '5 2 * * *', status: 'pending', runCount: 7 })
})

it('a status of an agent that kept no version is compared by the spec', async () => {
  const { job, text } = await seen()
  const { observedVersion: _, ...older } = JSON.parse(text) as Record<string, unknown>
  expect(await jobRow(job, JSON.stringify(older), now)).toMatchObject({ schedule: 'as seen', status: 'failed' })
})
