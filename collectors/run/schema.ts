import * as z from 'zod'
import { Duration } from '../../core/contract/duration-schema.ts'
import { COMMON, POD, Texts } from '../../core/contract/pods/pod-schema.ts'

export const RunConfig = z.strictObject({
  ...COMMON,
  ...POD,
  /** folder in the bundle, and the pod's name unless `collectorName` is */
  name: z.string().default(''),
  image: z.string().min(1),
  /** none = what the image runs */
  command: Texts,
  args: Texts,
  /** none = as long as the run may take, but 5 minutes to begin */
  timeout: Duration.default(0),
  /** none = "default"; its token is there for jobs of a cluster only if the agent's config allows it */
  serviceAccountName: z.string().default('default'),
})
export type RunConfig = z.infer<typeof RunConfig>
