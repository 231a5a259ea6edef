import { fail, isFailure } from '../core/errors.ts'
import type { Stored } from '../core/store/store.ts'
import { findJob, openStore, ref, type StoreContext } from './jobs.ts'

/** Changes a job's annotations under its version. Throws JOB_NOT_FOUND, JOB_CHANGED. */
export async function annotate(
  context: StoreContext,
  word: string,
  change: (job: Stored) => Record<string, string> | undefined,
): Promise<{ name: string; isChanged: boolean }> {
  const store = await openStore(context)
  const job = await findJob(store, word)
  const annotations = change(job)
  if (!annotations) return { name: job.name, isChanged: false }
  try {
    await store.update(ref('job', job.name), { text: job.text, labels: job.labels, annotations }, job.version)
  } catch (error) {
    if (isFailure(error, 'STORE_CONFLICT', 'STORE_GONE')) throw fail('JOB_CHANGED', { name: job.name }, error)
    throw error
  }
  return { name: job.name, isChanged: true }
}
