import * as z from 'zod'
import { Duration } from '../../core/contract/duration-schema.ts'
import { COMMON, ImagePullSecret, PodSpec } from '../../core/contract/pods/pod-schema.ts'

export const RunPodConfig = z.strictObject({
  ...COMMON,
  /** folder in the bundle, and the pod's name unless `collectorName` is */
  name: z.string().default(''),
  /** none = that of the run */
  namespace: z.string().default(''),
  podSpec: PodSpec,
  annotations: z.record(z.string(), z.string()).default({}),
  /** none = as long as the run may take, but 5 minutes to begin */
  timeout: Duration.default(0),
  imagePullSecret: ImagePullSecret.nullish(),
  /** true: an image that cannot be had is waited for */
  allowImagePullRetries: z.boolean().default(false),
})
export type RunPodConfig = z.infer<typeof RunPodConfig>
