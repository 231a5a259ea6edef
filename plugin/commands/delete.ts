import { join } from 'node:path'
import { fail } from '../../core/errors.ts'
import { findJob, openStore, ref } from '../jobs.ts'
import { defineVerb } from '../verb.ts'

export default defineVerb({
  usage: 'delete JOB --yes [flags]',
  about: 'Deletes a job with its runs and status. Its bundles stay, and its ledger is kept for 90 days.',
  examples: ['delete nightly --local --yes'],
  args: {
    job: { type: 'positional', required: true, description: 'name or id of the job' },
    yes: { type: 'boolean', alias: 'y', description: 'do it without asking' },
  },
  async run(context) {
    const { edge, args, folder } = context
    const store = await openStore(context)
    const job = await findJob(store, args.job)
    if (!args.yes) throw fail('CONFIRMATION_NEEDED', { action: `deleting job "${job.name}"` })
    await store.remove(ref('job', job.name))
    edge.out(`job "${job.name}" deleted\n`)
    if (args.local) edge.err(`its bundles, if any, stay in ${join(folder, 'bundles', job.name)}\n`)
  },
})
