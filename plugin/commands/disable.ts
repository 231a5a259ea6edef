import { ANNOTATION_PAUSED } from '../../core/names.ts'
import { annotate } from '../pausing.ts'
import { defineVerb } from '../verb.ts'

export default defineVerb({
  usage: 'disable JOB [flags]',
  about: 'Keeps a job from running until it is enabled again. A run at work goes on.',
  examples: ['disable nightly --local --reason "maintenance until Friday"'],
  args: {
    job: { type: 'positional', required: true, description: 'name or id of the job' },
    reason: { type: 'string', description: 'shown with the job', valueHint: 'TEXT', default: 'disabled by hand' },
  },
  async run(context) {
    const { edge, args } = context
    const { name, isChanged } = await annotate(context, args.job, (job) =>
      job.annotations[ANNOTATION_PAUSED] === args.reason ? undefined : { ...job.annotations, [ANNOTATION_PAUSED]: args.reason },
    )
    edge.out(`job "${name}" ${isChanged ? 'disabled' : 'is disabled already'}\n`)
  },
})
