import * as z from 'zod'
import { COMMON, ImagePullSecret, PodSpec, Timeout } from '../../core/contract/pods/pod-schema.ts'

export const RunDaemonSetConfig = z.strictObject({
  ...COMMON,
  /** folder in the bundle */
  name: z.string().default(''),
  /** none = that of the run */
  namespace: z.string().default(''),
  podSpec: PodSpec,
  /** of the pod on each node; none, or 0 = 60 s */
  timeout: Timeout.default(0),
  imagePullSecret: ImagePullSecret.nullish(),
})
export type RunDaemonSetConfig = z.infer<typeof RunDaemonSetConfig>
