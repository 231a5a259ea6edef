import { open } from 'node:fs/promises'

/** Reads what is new in a run's log at each call, and tells each step of the task. A log that is not there yet has nothing new. */
export function followLog(path: string, onMessage: (message: string) => void): { read(): Promise<void> } {
  let at = 0
  let rest = ''
  return {
    async read() {
      const handle = await open(path, 'r').catch(() => undefined)
      if (!handle) return
      try {
        const { size } = await handle.stat()
        const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(Math.max(0, size - at)), position: at })
        at += bytesRead
        const lines = (rest + buffer.toString('utf8', 0, bytesRead)).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) {
          const message = messageOf(line)
          if (message) onMessage(message)
        }
      } finally {
        await handle.close()
      }
    },
  }
}

function messageOf(line: string): string | undefined {
  try {
    const entry = JSON.parse(line) as { level?: unknown; message?: unknown; component?: unknown }
    return entry.component === 'task' && entry.level === 'info' && typeof entry.message === 'string' ? entry.message : undefined
  } catch {
    return undefined
  }
}
