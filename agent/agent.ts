import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/contract/index.ts'
import { asProblem, fail } from '../core/errors.ts'
import { manualRunName } from '../core/names.ts'
import { createPidFile } from '../core/store/claim-file.ts'
import { catalogued } from '../core/store/file-system.ts'
import type { ProcessTable } from '../core/store/process-table.ts'
import type { Store } from '../core/store/store.ts'
import { assemble } from './assemble.ts'
import type { AgentConfig } from './config.ts'
import type { AgentFolders } from './folders.ts'
import type { Outside } from './outside.ts'
import { createCapacity } from './scheduler/capacity.ts'
import { createEngine } from './scheduler/engine.ts'
import { runRef } from './scheduler/runs.ts'
import { createApp } from './server/app.ts'
import { listen } from './server/listen.ts'
import { serverView } from './server/view.ts'
import { writePrivate } from './state-file.ts'
import type { TaskStarter } from './task-process.ts'
import { openTenant, type Tenant, type TenantEdge } from './tenant.ts'

export interface AgentEdge {
  clock: Clock
  store: Store
  folders: AgentFolders
  processes: ProcessTable
  tasks: TaskStarter
  outside: Outside
  log: Logger
  config: AgentConfig
  configFile: string
  version: string
  random(): number
  newToken(): string
  usage(): { residentBytes: number; cpuSeconds: number }
}

export interface Agent {
  port: number
  /** takes over what can be changed at run time */
  reload(config: AgentConfig): void
  /** finishes what is at work within a moment, or records what it leaves; then gives everything free */
  stop(reason: string): Promise<void>
}

/** The local store has one tenant. */
const NAMESPACE = ''

/** The local store as a tenant. `onFree`: a place for a run came free. */
export const tenantOf = (edge: AgentEdge, maxConcurrent: () => number, onFree: () => void): TenantEdge => ({
  ...edge,
  namespace: NAMESPACE,
  cacheFile: join(edge.folders.state, 'cache.json'),
  holder: edge.processes.self,
  isAlive: ({ holder }) => edge.processes.isAlive(holder),
  capacity: createCapacity(maxConcurrent, onFree),
})

/** Starts the agent on its store. Throws DAEMON_RUNNING, PORT_TAKEN and what the store throws; after that it goes on whatever happens. */
export async function startAgent(edge: AgentEdge): Promise<Agent> {
  const { folders, clock, log } = edge
  const startedAt = clock.now()
  /** what is to be given free again, last first */
  const held: (() => Promise<unknown>)[] = []
  const release = async () => {
    for (const free of held.toReversed())
      await free().catch((error: unknown) => log.warn({ problem: asProblem(error) }, 'not given free'))
  }
  await catalogued(folders.state, mkdir(folders.state, { recursive: true, mode: 0o700 }))
  held.push(await holdPidFile(edge, startedAt))
  let started: Tenant | undefined
  try {
    let config = edge.config
    const token = edge.newToken()
    const tenant = await openTenant(
      tenantOf(
        edge,
        () => config.defaultMaxConcurrent,
        () => undefined,
      ),
    )
    const view = serverView({
      ...{ mirror: tenant.mirror, token, startedAt, engine: tenant.engine },
      version: edge.version,
      usage: edge.usage,
      metricsEnabled: () => config.metricsEnabled,
    })
    const server = await listen(createApp(view), config.metricsPort, edge.configFile)
    held.push(() => server.close())
    held.push(await holdFile(join(folders.state, 'token'), token))
    started = tenant
    await tenant.start()
    const daemon = { ...edge.processes.self, port: server.port, startedAt, version: edge.version }
    held.push(await holdFile(join(folders.state, 'daemon.json'), JSON.stringify(daemon)))
    log.info({ folder: folders.base, port: server.port, version: edge.version }, 'agent started')

    return {
      port: server.port,
      reload(changed) {
        if (changed.metricsPort !== edge.config.metricsPort) log.warn({}, 'a new metricsPort needs a restart')
        config = changed
        log.info({}, 'config reloaded')
        tenant.reload(changed)
      },
      async stop(reason) {
        log.info({ reason, active: [...tenant.activeRuns()] }, 'agent stopping')
        await tenant.stop(reason)
        await release()
        log.info({}, 'agent stopped')
      },
    }
  } catch (error) {
    await started?.stop('it could not start')
    await release()
    throw error
  }
}

async function holdPidFile({ folders, processes }: AgentEdge, startedAt: Date): Promise<() => Promise<void>> {
  const path = join(folders.state, 'daemon.pid')
  const pid = await catalogued(path, createPidFile({ path, processes, content: { startedAt: startedAt.toISOString() } }))
  if ('heldBy' in pid) throw fail('DAEMON_RUNNING', { folder: folders.base, pid: String(pid.heldBy.pid) })
  return () => pid.release()
}

async function holdFile(path: string, text: string): Promise<() => Promise<void>> {
  await catalogued(path, writePrivate(path, text))
  return () => rm(path, { force: true })
}

/** Does what one request asks for, with no daemon at hand, and ends. Slots are left to a daemon. */
export async function runRequest(edge: AgentEdge, job: string, requestId: string, signal: AbortSignal): Promise<void> {
  const run = manualRunName(job, requestId)
  const {
    edge: works,
    executor,
    outbox,
    housekeeping,
  } = assemble(
    tenantOf(
      edge,
      () => 1,
      () => undefined,
    ),
    signal,
    run,
  )
  const engine = createEngine({
    ...works,
    executor,
    outbox,
    mayStart: false,
    checkIntervalMs: 0,
    recover: async () => undefined,
    afterRound: async () => undefined,
  })
  const cancel = () => {
    executor.close()
    executor.cancel('interrupted')
    outbox.cancel('interrupted')
  }
  signal.addEventListener('abort', cancel, { once: true })
  if (signal.aborted) cancel()
  await works.mirror.load()
  await engine.round([job])
  await executor.idle()
  await works.mirror.refresh(runRef(works, run))
  // Each target once, one after the other: what fails is tried again by a daemon.
  for (outbox.pump(); outbox.active.size > 0; outbox.pump()) await outbox.idle()
  await engine.round([job])
  await housekeeping.idle()
}
