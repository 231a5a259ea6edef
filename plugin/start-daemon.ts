import { join, resolve } from 'node:path'
import { type ErrorCode, fail, ProductError } from '../core/errors.ts'
import type { CliEdge } from './cli-edge.ts'
import { saidProblem } from './said-problem.ts'
import { findDaemon } from './daemon.ts'

export interface DaemonFlags {
  config?: string | undefined
  'log-level'?: string | undefined
  'log-file'?: string | undefined
  'check-interval'?: string | undefined
  'max-concurrent'?: string | undefined
}

const PASSED = ['config', 'log-level', 'log-file', 'check-interval', 'max-concurrent'] as const
const FILES: readonly string[] = ['config', 'log-file']

/** Starts a daemon and waits until it serves. In the foreground: until it ends, then undefined. Throws what it failed with. */
export async function startDaemon(
  edge: CliEdge,
  folder: string,
  flags: DaemonFlags,
  isForeground: boolean,
): Promise<{ pid: number; port: number } | undefined> {
  const passed = PASSED.flatMap((name) => {
    const value = flags[name]
    return value === undefined ? [] : [`--${name}`, FILES.includes(name) ? resolve(edge.cwd, value) : value]
  })
  const { pid, exitCode, said } = await edge.agent(
    ['--folder', folder, ...(isForeground ? [] : ['--background']), ...passed],
    isForeground ? 'foreground' : 'background',
  )
  if (exitCode !== undefined && exitCode !== 0) throw startError(said, exitCode, join(folder, 'logs', 'daemon.log'))
  if (isForeground) return undefined
  const daemon = await findDaemon(edge, folder)
  if (daemon?.port === undefined)
    throw fail('DAEMON_START_FAILED', { reason: 'it was not ready within 15 s', log: join(folder, 'logs', 'daemon.log') })
  return { pid, port: daemon.port }
}

/** The daemon's own words, with its own exit code; they came over a pipe and are shown as they are. */
function startError(said: string, exitCode: number, log: string): Error {
  const problem = saidProblem(said)
  if (!problem) return fail('DAEMON_START_FAILED', { reason: said.trim().split('\n')[0] || `exit code ${exitCode}`, log })
  return Object.assign(new ProductError(problem.code as ErrorCode, {}), {
    message: problem.message,
    remedy: problem.remedy ?? '',
    exitCode,
  })
}
