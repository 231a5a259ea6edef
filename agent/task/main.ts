import { writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../core/clock.ts'
import { reasonOf } from '../../core/errors.ts'
import { environmentProxy } from '../../core/kube/proxy-choice.ts'
import { TASK_ENV, TASK_ON_STDOUT } from '../../core/task-child.ts'
import { VERSION } from '../../core/version.ts'
import { asError } from '../loader/thrown.ts'
import { createHost } from './host.ts'
import { guardConnections } from './network-guard.ts'
import { serveTask } from './serve.ts'
import { createSpeaker } from './speaker.ts'
import { stderrLogger } from './stderr-logger.ts'
import { messagesOn } from './stdout-messages.ts'
import { startWatchdog, type Watchdog } from './watchdog.ts'

/** The task program: one request on stdin, messages on fd 3, then the end. Started by the agent and the CLI only. */
// In a pod there is no fd 3: then messages are what is on stdout, and what is printed goes to stderr.
const onStdout = process.env[TASK_ENV] === TASK_ON_STDOUT ? messagesOn(process.stdout, process.stderr) : undefined
const { pid, ppid } = process
/** Longest wait for a parent that does not read. */
const FLUSH_MS = 2_000
// The parent is gone: stdin ends too, and cancels the work, which still has to clear up.
for (const pipe of [process.stdout, process.stderr]) pipe.on('error', () => undefined)

const log = stderrLogger((line) => process.stderr.write(line), systemClock)
// What plug-ins leave unheard must not cost the work of all others. Our own promises are all waited for.
for (const event of ['uncaughtException', 'unhandledRejection'])
  process.on(event, (error: unknown) => log.error({ reason: reasonOf(asError(error)) }, 'an error that nobody waits for'))

let watchdog: Watchdog | undefined
const watched = () => (watchdog ??= startWatchdog({ pid, ppid }))
const code = await serveTask({
  input: process.stdin,
  say: createSpeaker(onStdout?.write ?? write, systemClock),
  drained: onStdout?.drained,
  libFolder: dirname(fileURLToPath(import.meta.url)),
  clock: systemClock,
  log,
  version: VERSION,
  platform: process.platform,
  host: (signal, root = '/') =>
    createHost({
      root,
      platform: process.platform === 'darwin' || process.platform === 'win32' ? process.platform : 'linux',
      env: process.env,
      clock: systemClock,
      signal,
    }),
  random: Math.random,
  proxyFor: (url) => environmentProxy(url, process.env),
  cpuMs: () => (({ user, system }) => (user + system) / 1000)(process.cpuUsage()),
  beforeForeignCode: () => void watched(),
  guardNetwork: (policy) => guardConnections(Socket, policy),
  onRenewed: (forMs) => watched().endAfter(forMs),
})
// What was printed still waits to be written, which an exit would drop.
const printed = [process.stdout, process.stderr].map((pipe) => new Promise<void>((resolve) => pipe.write('', () => resolve())))
await Promise.race([Promise.all(printed), systemClock.sleep(FLUSH_MS)])
// Nobody is left to kill what commands left in our group. Without a group of our own there is none.
if (process.ppid !== ppid) {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // not the leader of a group
  }
}
// A plug-in may have left timers or sockets behind: the work is done, nothing of it may keep the process.
process.exit(code)

/** At once: a plug-in that blocks or ends the process next would take along what waits to be written, and be named wrongly. */
function write(text: string): void {
  const bytes = Buffer.from(text)
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(3, bytes, at)
  } catch {
    // the parent is gone
  }
}
