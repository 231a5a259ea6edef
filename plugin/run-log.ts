import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fail } from '../core/errors.ts'
import { storeError, systemCode } from '../core/store/file-system.ts'
import { safe } from './output/text.ts'

/** One line of a run's log. */
export interface LogEntry {
  timestamp: string
  level: string
  component: string
  message: string
}

/** The log of a run. Throws LOG_NOT_FOUND, or what the store throws of a file. */
export async function readRunLog(folder: string, run: string): Promise<LogEntry[]> {
  const path = join(folder, 'logs', 'runs', `${run}.log`)
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw systemCode(error) === 'ENOENT' ? fail('LOG_NOT_FOUND', { what: `run "${run}"` }, error) : storeError(error, path)
  })
  return text.split('\n').filter(Boolean).map(readEntry)
}

export const showRunLog = (entries: readonly LogEntry[]): string =>
  entries.map((entry) => `${safe(`${entry.timestamp} ${entry.level.padEnd(5)} ${entry.component}: ${entry.message}`)}\n`).join('')

/** A line that was cut off by a crash is shown as it is. */
function readEntry(line: string): LogEntry {
  try {
    const { timestamp, level, component, message } = JSON.parse(line) as Record<string, unknown>
    return { timestamp: String(timestamp), level: String(level), component: String(component), message: String(message) }
  } catch {
    return { timestamp: '-', level: '-', component: '-', message: line }
  }
}
