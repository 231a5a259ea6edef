import * as z from 'zod'

/** Milliseconds in each unit of a duration as Go writes it. */
const UNIT_MS: Record<string, number> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** "72h", "1h30m" as milliseconds; none = 0. */
const Duration = z
  .string()
  .regex(/^(|0|(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+)$/, 'must be a duration, like "72h" or "1h30m"')
  .transform((text) =>
    [...text.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)].reduce(
      (sum, [, count, unit = '']) => sum + Number(count) * (UNIT_MS[unit] ?? 0),
      0,
    ),
  )

/** What ends a log at its old end: a time, or a number of lines and bytes; 0 = the default of the peer. */
const Limits = z.strictObject({
  /** logs begin so long ago; no other limit counts then, but `sinceTime` */
  maxAge: Duration.default(0),
  maxLines: z.int().min(0).default(0),
  /** logs begin here; no other limit counts then */
  sinceTime: z.iso.datetime({ offset: true }).nullable().optional(),
  maxBytes: z.int().min(0).default(0),
})

export const LogsConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
  /** folder in the bundle with links to the logs */
  name: z.string().default(''),
  /** labels of pods; none = all pods */
  selector: z.array(z.string()).nullable().default([]),
  /** none = those of the run */
  namespace: z.string().default(''),
  /** none = all, those that initialize too */
  containerNames: z.array(z.string()).default([]),
  limits: Limits.optional(),
  timestamps: z.boolean().default(false),
})
export type LogsConfig = z.infer<typeof LogsConfig>
