import * as z from 'zod'

export const HelmConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
  /** none: those of the run */
  namespace: z.string().default(''),
  /** none: all releases */
  releaseName: z
    .string()
    .regex(/^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/, 'must be the name of a release, like "web"')
    .default(''),
  /** what each revision was rendered with */
  collectValues: z.boolean().default(false),
})
export type HelmConfig = z.infer<typeof HelmConfig>
