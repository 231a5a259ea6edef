import type { Clock, LogLimits } from '../../core/contract/index.ts'
import type { LogsConfig } from './schema.ts'

const MAX_LINES = 10_000
const MAX_BYTES = 5_000_000

/** The limits of an entry as the peer reads them: a time alone, else lines and bytes; no `limits` at all = lines only. */
export function limitsOf(
  { limits, timestamps }: LogsConfig,
  { since, clock }: { since: Date | undefined; clock: Clock },
): LogLimits {
  const stamped = timestamps ? { timestamps } : {}
  if (since) return { sinceTime: since, ...stamped }
  if (!limits) return { maxLines: MAX_LINES, ...stamped }
  const { sinceTime, maxAge, maxLines, maxBytes } = limits
  if (sinceTime) return { sinceTime: new Date(sinceTime), ...stamped }
  if (maxAge > 0) return { sinceTime: new Date(clock.now().getTime() - maxAge), ...stamped }
  return { maxLines: maxLines || MAX_LINES, maxBytes: maxBytes || MAX_BYTES, ...stamped }
}
