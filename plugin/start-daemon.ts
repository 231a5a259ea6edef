import { join, resolve } from 'node:path'
import { fail } from '../core/errors.ts'
import type { CliEdge } from './cli-edge.ts'
import { findDaemon } from './daemon.ts'
import { checkDuration, readCount } from './flag-values.ts'
import { saidProblem } from './said-problem.ts'

export interface DaemonFlags {
  config?: string | undefined
  'log-level'?: string | undefined
  'log-file'?: string | undefined
  'check-interval'?: string | undefined
  'max-concurrent'?: string | undefined
}

const PASSED = ['config', 'log-level', 'log-file', 'check-interval', 'max-concurrent'] as const
const FILES: readonly string[] = ['config', 'log-file']

/** Throws USAGE_FLAG_VALUE for what the daemon would refuse too: said before a running one is stopped. */
export function checkDaemonFlags(command: string, flags: DaemonFlags): void {
  checkDuration(command, 'check-interval', flags['check-interval'], '30s', 1000)
  if (flags['max-concurrent'] !== undefined) readCount(command, 'max-concurrent', flags['max-concurrent'])
}

/** Starts a daemon and waits until it serves. In the foreground: until it ends, then undefined. Throws what it failed with. */
export async function startDaemon(
  edge: CliEdge,
  folder: string,
  flags: DaemonFlags,
  isForeground: boolean,
): Promise<{ pid: number; port: number } | undefined> {
  const passed = PASSED.flatMap((name) => {
    const value = flags[name]
    return value === undefined ? [] : [`--${name}=${FILES.includes(name) ? resolve(edge.cwd, value) : value}`]
  })
  const args = ['--folder', folder, ...passed]
  // An agent in the foreground gets all signals itself; one in the background has nobody else to end it before it is ready.
  const { pid, exitCode, said } = isForeground
    ? await edge.agent(args, 'foreground')
    : await edge.agent([...args, '--background'], 'background', edge.signal)
  if (exitCode !== undefined && !isForeground && edge.signal.aborted)
    throw fail('WAIT_INTERRUPTED', { what: 'the start of the daemon', remedy: 'it was ended again' })
  const log = join(folder, 'logs', 'daemon.log')
  if (exitCode !== undefined && exitCode !== 0) throw agentError(said, exitCode, log)
  if (isForeground) return undefined
  const daemon = await findDaemon(edge, folder)
  if (daemon?.port === undefined) throw fail('DAEMON_START_FAILED', { reason: 'it ended at once', log })
  return { pid, port: daemon.port }
}

/** An agent's own words, with its own exit code; they came over a pipe and are shown as they are. */
export function agentError(said: string, exitCode: number, log: string): Error {
  const problem = saidProblem(said)
  if (problem) return Object.assign(fail('INTERNAL', { reason: problem.message }), { remedy: '', ...problem, exitCode })
  // Node.js itself ended it: of its report the line that names the error is the one to read.
  const reason = /^\w*Error.*$/m.exec(said)?.[0] ?? said.trim().split('\n')[0]
  return fail('DAEMON_START_FAILED', { reason: reason || `exit code ${exitCode}`, log })
}
