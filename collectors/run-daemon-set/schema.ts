import * as z from 'zod'
import { Duration } from '../../core/contract/duration-schema.ts'
import { COMMON, ImagePullSecret, PodSpec } from '../../core/contract/pods/pod-schema.ts'

export const RunDaemonSetConfig = z.strictObject({
  ...COMMON,
  /** folder in the bundle */
  name: z.string().default(''),
  /** none = that of the run */
  namespace: z.string().default(''),
  podSpec: PodSpec,
  /** of the pod on each node; none, or 0 = 60 s */
  timeout: Duration.default(0),
  imagePullSecret: ImagePullSecret.nullish(),
})
export type RunDaemonSetConfig = z.infer<typeof RunDaemonSetConfig>
