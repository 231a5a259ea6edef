import type { Clock, LogLimits } from '../../core/contract/index.ts'
import type { LogsConfig } from './schema.ts'

const MAX_LINES = 10_000
const MAX_BYTES = 5_000_000

/** Where the peer has no bound: as much as a node keeps of a container by default, and a little more. */
const MOST_LINES = 1_000_000

/**
 * The limits of an entry as the peer reads them: a time alone, else lines and bytes; no `limits` at all = lines only. Of a log since
 * a time the last million lines are taken.
 */
export function limitsOf(
  { limits, timestamps }: LogsConfig,
  { since, clock }: { since: Date | undefined; clock: Clock },
): LogLimits {
  const stamped = timestamps ? { timestamps } : {}
  if (since) return { sinceTime: since, maxLines: MOST_LINES, ...stamped }
  if (!limits) return { maxLines: MAX_LINES, ...stamped }
  const { sinceTime, maxAge, maxLines, maxBytes } = limits
  if (sinceTime) return { sinceTime: new Date(sinceTime), maxLines: MOST_LINES, ...stamped }
  if (maxAge > 0) return { sinceTime: new Date(clock.now().getTime() - maxAge), maxLines: MOST_LINES, ...stamped }
  return { maxLines: maxLines || MAX_LINES, maxBytes: maxBytes || MAX_BYTES, ...stamped }
}
