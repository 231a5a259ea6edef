import { join } from 'node:path'
import { readFile } from 'node:fs/promises'
import { deadline } from '../core/clock.ts'
import { fail } from '../core/errors.ts'
import { readPidFile } from '../core/store/claim-file.ts'
import { catalogued, systemCode } from '../core/store/file-system.ts'
import type { CliEdge } from './cli-edge.ts'

/** A daemon that runs for a folder. */
export interface Daemon {
  pid: number
  /** undefined until it is ready */
  port: number | undefined
  startedAt: Date
}

/** The daemon of a folder, if one runs: a pid file whose process has ended counts for nothing. Throws what the store throws of a file. */
export async function findDaemon(edge: CliEdge, folder: string): Promise<Daemon | undefined> {
  const path = join(folder, 'state', 'daemon.pid')
  const holder = await catalogued(path, readPidFile({ path, processes: edge.processes() }))
  if (!holder) return undefined
  const ready = await readJson(join(folder, 'state', 'daemon.json'))
  const isSame = ready?.['pid'] === holder.pid
  return {
    pid: holder.pid,
    port: isSame && typeof ready['port'] === 'number' ? ready['port'] : undefined,
    startedAt: new Date(String(holder['startedAt'])),
  }
}

/** Sends a signal to a daemon; one that has just ended is no error. Throws DAEMON_FORBIDDEN. */
export function signalDaemon(edge: CliEdge, { pid }: Daemon, signal: 'SIGTERM' | 'SIGHUP'): void {
  try {
    edge.kill(pid, signal)
  } catch (error) {
    if (systemCode(error) === 'EPERM') throw fail('DAEMON_FORBIDDEN', { pid: String(pid) }, error)
    if (systemCode(error) !== 'ESRCH') throw error
  }
}

const ANSWER_MS = 3_000

/** What the daemon tells of itself over HTTP; undefined when it does not answer. */
export async function askDaemon(edge: CliEdge, folder: string, port: number): Promise<Record<string, unknown> | undefined> {
  const patience = deadline(edge.clock, ANSWER_MS, new Error('no answer'))
  try {
    const token = await readFile(join(folder, 'state', 'token'), 'utf8')
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/daemon`, {
      headers: { authorization: `Bearer ${token}` },
      signal: patience.signal,
    })
    return response.ok ? ((await response.json()) as Record<string, unknown>) : undefined
  } catch {
    return undefined
  } finally {
    patience.stop()
  }
}

async function readJson(path: string): Promise<Record<string, unknown> | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
  } catch {
    return undefined
  }
}
