import * as z from 'zod'
import { Duration } from '../../core/contract/duration-schema.ts'
import { COMMON, POD } from '../../core/contract/pods/pod-schema.ts'

export const SysctlConfig = z.strictObject({
  ...COMMON,
  ...POD,
  /** without effect: the folder is always "sysctl" */
  name: z.string().optional(),
  /** with a shell, find and cat */
  image: z.string().min(1).default('busybox:1'),
  /** of the pod on each node; none, or 0 = 60 s */
  timeout: Duration.default(0),
})
export type SysctlConfig = z.infer<typeof SysctlConfig>
