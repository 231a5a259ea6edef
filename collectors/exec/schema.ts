import * as z from 'zod'
import { Duration } from '../../core/contract/duration-schema.ts'
import { COMMON, Texts } from '../../core/contract/pods/pod-schema.ts'

export const ExecConfig = z
  .strictObject({
    ...COMMON,
    /** folder in the bundle */
    name: z.string().default(''),
    /** labels of pods; the first that runs is taken. None = all pods */
    selector: Texts,
    /** none = those of the run */
    namespace: z.string().default(''),
    /** none = the first of the pod */
    containerName: z.string().default(''),
    command: Texts,
    args: Texts,
    /** none = as long as the run may take */
    timeout: Duration.default(0),
  })
  .refine(({ command, args }) => command.length + args.length > 0, { path: ['command'], message: 'is needed' })
export type ExecConfig = z.infer<typeof ExecConfig>
