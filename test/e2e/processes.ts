import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../core/clock.ts'

interface Recorded {
  pid: number
  command: string
  args: string[]
}

/** Where Debian puts runc, iptables and mount, whatever the caller's PATH has. */
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin'
const LOG_LINES = 8
const ENDS_WITHIN_MS = 10_000

/**
 * Starts a part of the node and writes down what it is, so that a test, which is another process, can stop it and start it again.
 * It outlives whoever calls this; it ends with the namespaces. Its output goes to `<folder>/logs/<name>.log`.
 */
export function startProcess(folder: string, name: string, command: string, args: string[]): void {
  for (const part of ['logs', 'processes']) mkdirSync(join(folder, part), { recursive: true })
  const log = openSync(join(folder, 'logs', `${name}.log`), 'a')
  const child = spawn(command, args, {
    cwd: folder,
    env: { PATH, HOME: folder },
    stdio: ['ignore', log, log],
    detached: true,
  })
  closeSync(log)
  child.on('error', () => undefined) // no pid: isRunning says no
  child.unref()
  writeFileSync(recordPath(folder, name), JSON.stringify({ pid: child.pid ?? 0, command, args } satisfies Recorded))
}

/** Resolves once it has ended. */
export async function stopProcess(folder: string, name: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  const { pid } = recorded(folder, name)
  if (!isRunning(folder, name)) return
  process.kill(pid, signal)
  const end = systemClock.monotonicMs() + ENDS_WITHIN_MS
  while (isRunning(folder, name)) {
    if (systemClock.monotonicMs() > end) throw new Error(`${name} did not end within ${ENDS_WITHIN_MS} ms of ${signal}`)
    await systemClock.sleep(20)
  }
}

/** The same command again, in the place of one that has ended. */
export function restartProcess(folder: string, name: string): void {
  const { command, args } = recorded(folder, name)
  startProcess(folder, name, command, args)
}

export const isRunning = (folder: string, name: string) => isAlive(recorded(folder, name).pid)

/** The name of a part that was started and does not run; undefined while all run. */
export function endedProcess(folder: string): string | undefined {
  const names = readdirSync(join(folder, 'processes')).map((file) => file.replace('.json', ''))
  return names.find((name) => !isRunning(folder, name))
}

/** One that has ended and that nobody has waited for yet is not alive. */
export function isAlive(pid: number): boolean {
  try {
    return pid !== 0 && !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** The last lines that it wrote. */
export function logEnd(folder: string, name: string): string {
  const text = readFileSync(join(folder, 'logs', `${name}.log`), 'utf8')
  return text.trim().split('\n').slice(-LOG_LINES).join('\n')
}

const recordPath = (folder: string, name: string) => join(folder, 'processes', `${name}.json`)
const recorded = (folder: string, name: string) => JSON.parse(readFileSync(recordPath(folder, name), 'utf8')) as Recorded
