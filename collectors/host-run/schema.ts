import * as z from 'zod'

/** Milliseconds in each unit of a duration as Go writes it. */
const UNIT_MS: Record<string, number> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** "1m30s" as milliseconds. */
const Duration = z
  .string()
  .regex(/^(0|(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+)$/, 'must be a duration, like "30s" or "1m30s"')
  .transform((text) =>
    [...text.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)].reduce(
      (sum, [, count, unit = '']) => sum + Number(count) * (UNIT_MS[unit] ?? 0),
      0,
    ),
  )

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
