import { ANNOTATION_PAUSED } from '../../core/names.ts'
import { annotate } from '../pausing.ts'
import { defineVerb } from '../verb.ts'

export default defineVerb({
  usage: 'enable JOB [flags]',
  about: 'Lets a disabled job run again, from its next slot on. Slots that passed meanwhile are recorded, not run.',
  examples: ['enable nightly --local'],
  args: { job: { type: 'positional', required: true, description: 'name or id of the job' } },
  async run(context) {
    const { edge, args } = context
    const { name, isChanged } = await annotate(context, args.job, (job) => {
      if (!(ANNOTATION_PAUSED in job.annotations)) return undefined
      const { [ANNOTATION_PAUSED]: _, ...others } = job.annotations
      return others
    })
    edge.out(`job "${name}" ${isChanged ? 'enabled' : 'was not disabled'}\n`)
    if (!isChanged) edge.err('if its spec says "enabled: false", change the spec\n')
  },
})
