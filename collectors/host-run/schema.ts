import * as z from 'zod'
import { Duration } from '../../core/contract/duration-schema.ts'

/** A field of the peer that cannot be honoured: the command would write raw data to disk before it is redacted. */
const refused = (field: string) =>
  z.undefined({ error: `"${field}" is not supported: let the command read its arguments and print what is wanted` }).optional()

export const RunConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
  /** a program on the PATH, or an absolute path; never a shell line */
  command: z.string().min(1),
  args: z.array(z.string()).default([]),
  /** NAME=value */
  env: z.array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*=.+$/s, 'must be NAME=value')).default([]),
  /** names of variables to hand on from the program's own environment */
  inheritEnvs: z.array(z.string()).default([]),
  /** true: inheritEnvs is not looked at */
  ignoreParentEnvs: z.boolean().default(false),
  /** none, or 0 = as long as the run may take */
  timeout: Duration.default(0),
  input: refused('input'),
  outputDir: refused('outputDir'),
})
export type RunConfig = z.infer<typeof RunConfig>
