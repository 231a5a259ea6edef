import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/contract/index.ts'

/** One JSON line an entry: {timestamp, level, message, …fields}. The parent redacts it and keeps it as the run's log. */
export function stderrLogger(write: (line: string) => void, clock: Clock): Logger {
  const log = (level: string) => (fields: object, message: string) =>
    write(`${JSON.stringify({ timestamp: clock.now().toISOString(), level, message, ...fields })}\n`)
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
}
