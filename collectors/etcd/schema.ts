import * as z from 'zod'
import { COMMON } from '../../core/contract/pods/pod-schema.ts'

export const EtcdConfig = z.strictObject({
  ...COMMON,
  /** with etcdctl and sleep, where etcd runs in no pod: k0s and what is made of it */
  image: z
    .string()
    .default('')
    .transform((image) => image || 'quay.io/coreos/etcd:latest'),
})
export type EtcdConfig = z.infer<typeof EtcdConfig>
