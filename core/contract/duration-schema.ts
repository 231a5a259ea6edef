import * as z from 'zod'
import { durationMs } from './duration.ts'

/** "1m30s" as milliseconds; none = 0. Not part of `index.ts`: the contract itself knows no zod. */
export const Duration = z.string().transform((text, context) => {
  const ms = durationMs(text)
  if (ms !== undefined) return ms
  context.addIssue({ code: 'custom', message: 'must be a duration, like "30s" or "1m30s"' })
  return z.NEVER
})
