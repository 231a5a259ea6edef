import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../core/clock.ts'

const DIST = join(import.meta.dirname, '..', '..', 'dist')

/** An agent of the cluster, as a process of its own; built by `npm test` before the tests. */
export interface AgentProcess {
  pid: number
  /** its log so far, an entry a line */
  log(): string
  kill(signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): void
  ended: Promise<void>
}

export interface AgentProcessOptions {
  /** base of its work folders; several agents may share it */
  folder: string
  kubeconfig: string
  /** where the Lease is */
  namespace: string
  /** the pod that it is in, as a pod's environment tells */
  replica?: { name: string; uid: string }
  /** keys of scheduler.yaml */
  config?: Record<string, unknown>
  env?: NodeJS.ProcessEnv
}

/** Starts one. End it by its process, also when the test fails. */
export function startAgentProcess(options: AgentProcessOptions): AgentProcess {
  const { folder, kubeconfig, namespace } = options
  mkdirSync(folder, { recursive: true })
  const config = join(folder, 'scheduler.yaml')
  writeFileSync(config, JSON.stringify({ port: 0, metricsPort: 0, ...options.config }))
  const args = [
    '--cluster',
    '--folder',
    folder,
    '--config',
    config,
    '--kubeconfig',
    kubeconfig,
    '--namespace',
    namespace,
    '--host',
    '127.0.0.1',
    ...(options.replica ? ['--replica', options.replica.name, '--identity', options.replica.uid] : []),
  ]
  const child: ChildProcess = spawn(process.execPath, [join(DIST, 'lib', 'agent.js'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (piece: string) => (text += piece))
  return {
    pid: child.pid ?? 0,
    log: () => text,
    kill: (signal) => void child.kill(signal),
    ended: new Promise((resolve) => child.once('close', () => resolve())),
  }
}

/** Looks until something is so, or fails with what the agents logged. */
export async function eventually<Value>(
  look: () => Promise<Value | undefined>,
  what: string,
  agents: readonly AgentProcess[] = [],
  withinMs = 30_000,
): Promise<Value> {
  for (let waited = 0; waited < withinMs; waited += 100) {
    const found = await look()
    if (found !== undefined) return found
    await systemClock.sleep(100)
  }
  throw new Error(`${what} did not come within ${withinMs} ms\n${agents.map((agent) => agent.log()).join('\n---\n')}`)
}
