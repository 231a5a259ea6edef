import * as z from 'zod'

export const SecretConfig = z
  .strictObject({
    collectorName: z.string().optional(),
    exclude: z.union([z.boolean(), z.string()]).optional(),
    name: z.string().default(''),
    /** labels, for Secrets whose names are not known */
    selector: z.array(z.string()).default([]),
    /** none: with a name that of the kubeconfig or of the job, with a selector those of the run */
    namespace: z.string().default(''),
    key: z.string().default(''),
    /** the value of `key` */
    includeValue: z.boolean().default(false),
    /** all values */
    includeAllData: z.boolean().default(false),
  })
  .refine(({ name, selector }) => name !== '' || selector.length > 0, {
    path: ['name'],
    message: 'is needed (or "selector")',
  })
export type SecretConfig = z.infer<typeof SecretConfig>
