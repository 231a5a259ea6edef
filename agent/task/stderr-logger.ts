import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/contract/index.ts'

/**
 * One JSON line an entry: {timestamp, level, message, …fields}. The parent redacts it and keeps it as the run's log. Never
 * throws: plug-ins log what they like.
 */
export function stderrLogger(write: (line: string) => void, clock: Clock): Logger {
  const log = (level: string) => (fields: object, message: string) => {
    const entry = { timestamp: clock.now().toISOString(), level, message }
    write(`${json(() => ({ ...entry, ...fields })) ?? json(() => entry) ?? '{}'}\n`)
  }
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
}

function json(value: () => object): string | undefined {
  try {
    return JSON.stringify(value())
  } catch {
    // a circle, a bigint, a getter that throws
    return undefined
  }
}
