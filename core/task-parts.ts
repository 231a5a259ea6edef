import * as z from 'zod'

/** What several messages of the task protocol are made of. */

export const ProblemData = z.object({ code: z.string(), message: z.string(), remedy: z.string().optional() })

/** The run that a task works for. */
export const Identity = z.object({
  id: z.string(),
  uid: z.string().optional().describe('tells it from all other runs, also of other stores; none for a run that nobody records'),
  job: z.string(),
  namespace: z.string(),
  slot: z.iso.datetime(),
  trigger: z.enum(['schedule', 'manual', 'once']),
})
