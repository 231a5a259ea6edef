import { appendFile, mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Clock } from '../../core/clock.ts'
import type { FromTask } from '../../core/task.ts'

/** The log of one run: NDJSON lines {timestamp, level, message, component}, redacted, bounded. */
export interface RunLog {
  message(message: FromTask): void
  /** text that the child wrote to stdout or stderr */
  text(chunk: string): void
  entry(level: 'info' | 'warn' | 'error', message: string, component: string): void
  /** waits until all of it is on disk */
  flush(): Promise<void>
}

const MAX_BYTES = 1024 * 1024
const MAX_LINE = 4096

/** `redact` is applied to everything: plug-ins print what they like. */
export function createRunLog(path: string, clock: Clock, redact: (text: string) => string): RunLog {
  let written = 0
  let rest = ''
  let queue: Promise<unknown> = mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const write = (fields: object) => {
    if (written > MAX_BYTES) return
    const line = `${JSON.stringify(fields)}\n`
    written += line.length
    const text =
      written > MAX_BYTES
        ? `${JSON.stringify({ timestamp: clock.now().toISOString(), level: 'warn', message: 'the log is full', component: 'agent' })}\n`
        : line
    queue = queue.then(() => appendFile(path, text, { mode: 0o600 })).catch(() => undefined)
  }
  const entry = (level: string, message: string, component: string) =>
    write({ timestamp: clock.now().toISOString(), level, message: redact(message.slice(0, MAX_LINE)), component })
  return {
    entry,
    message(message) {
      const show = MESSAGES[message.type]
      if (show) entry(message.type === 'failed' ? 'error' : message.type === 'warning' ? 'warn' : 'info', show(message), 'task')
    },
    text(chunk) {
      const lines = (rest + chunk).split('\n')
      rest = (lines.pop() ?? '').slice(0, MAX_LINE)
      for (const line of lines) if (line.trim()) entry('info', line, 'plug-in')
    },
    async flush() {
      if (rest.trim()) entry('info', rest, 'plug-in')
      rest = ''
      await queue
    },
  }
}

/** What of the protocol is worth a line. */
const MESSAGES: Partial<Record<FromTask['type'], (message: FromTask) => string>> = {
  step: (message) => ('name' in message ? message.name : ''),
  warning: (message) => ('code' in message ? `${message.code}: ${message.message}` : ''),
  failed: (message) => ('problem' in message ? `${message.problem.code}: ${message.problem.message}` : ''),
}
