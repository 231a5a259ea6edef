import { createWriteStream } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../core/clock.ts'
import { encodeMessage } from '../../core/task.ts'
import { VERSION } from '../../core/version.ts'
import { createHost } from './host.ts'
import { serveTask } from './serve.ts'
import { stderrLogger } from './stderr-logger.ts'

/** The task program: one request on stdin, messages on fd 3, then the end. Started by the agent and the CLI only. */
const output = createWriteStream('', { fd: 3 })
// The parent is gone: stdin ends too, and cancels the work.
output.on('error', () => undefined)

const code = await serveTask({
  input: process.stdin,
  say: (message) => void output.write(encodeMessage(message)),
  libFolder: dirname(fileURLToPath(import.meta.url)),
  clock: systemClock,
  log: stderrLogger((line) => process.stderr.write(line), systemClock),
  version: VERSION,
  platform: process.platform,
  host: (signal) =>
    createHost({
      root: '/',
      platform: process.platform === 'darwin' || process.platform === 'win32' ? process.platform : 'linux',
      env: process.env,
      clock: systemClock,
      signal,
    }),
  cpuMs: () => (({ user, system }) => (user + system) / 1000)(process.cpuUsage()),
})
// A plug-in may have left timers or sockets behind: the work is done, nothing of it may keep the process.
output.end(() => process.exit(code))
