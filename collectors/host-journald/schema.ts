import * as z from 'zod'
import { Duration } from '../../core/contract/duration-schema.ts'

const DEFAULT_MS = 30_000

/** Handed to journalctl as an argument of its own. */
const Words = z.string().default('')

export const JournaldConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
  /** the journal of the system, not of the user */
  system: z.boolean().default(false),
  /** messages of the kernel, of this boot */
  dmesg: z.boolean().default(false),
  units: z.array(z.string()).default([]),
  since: Words,
  until: Words,
  /** how lines look: short, short-iso, json, cat … */
  output: Words,
  /** of the newest, so many; 0 = all */
  lines: z.int().default(0),
  /** the newest first */
  reverse: z.boolean().default(false),
  utc: z.boolean().default(false),
  timeout: Duration.transform((ms) => ms || DEFAULT_MS).default(DEFAULT_MS),
})
export type JournaldConfig = z.infer<typeof JournaldConfig>
