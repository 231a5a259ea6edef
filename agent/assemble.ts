import { durationMs, sizeBytes } from '../core/quantity.ts'
import type { AgentConfig } from './config.ts'
import { createHousekeeping, type Housekeeping } from './outbox/housekeeping.ts'
import { createOutbox, type Outbox, type OutboxEdge } from './outbox/outbox.ts'
import { createRedactor } from './redaction/redactor.ts'
import { defaultRules } from './redaction/rules.ts'
import { clearUp } from './scheduler/clear-up.ts'
import { createExecutor, type Executor, type ExecutorEdge } from './scheduler/executor.ts'
import type { TenantEdge } from './tenant.ts'
import { createMirror } from './watch/mirror.ts'

/** Everything that works on the store, without server and loop. */
export interface Works {
  /** what all parts are given; `settings` may be changed in it while they work */
  edge: ExecutorEdge & OutboxEdge
  executor: Executor
  outbox: Outbox
  housekeeping: Housekeeping
  /** told each job of which a run has moved on */
  onDone(listener: (job: string) => void): void
}

/** What of the config the works look at each time, and so can be changed while they work. */
export const settings = (config: AgentConfig) => ({
  limits: {
    memoryBytes: config.maxMemoryMB * 2 ** 20,
    bundleBytes: sizeBytes(config.maxBundleSize),
    keptBytes: config.maxDiskSpaceMB * 2 ** 20,
  },
  deliverWithinMs: durationMs(config.deliverWithin),
})

/** `only`: the one run that this process is there for. Housekeeping stops with the signal. */
export function assemble(tenant: Omit<TenantEdge, 'cacheFile'>, signal: AbortSignal, only?: string): Works {
  const { store, namespace, clock, log, folders, tasks, random, holder, outside, capacity } = tenant
  let listener = (_: string): void => undefined
  const edge: ExecutorEdge & OutboxEdge = {
    ...{ store, namespace, clock, log, folders, tasks, random, holder, outside, capacity, only },
    ...settings(tenant.config),
    renewals: tenant.renewals,
    mirror: createMirror(store, namespace),
    isAlive: (run) => tenant.isAlive(run),
    redact: createMask(),
    clearUp: (kept) => void clearUp(edge, kept, signal),
    onDone(job) {
      housekeeping.look(job)
      listener(job)
    },
  }
  const housekeeping = createHousekeeping(edge, signal)
  return {
    edge,
    executor: createExecutor(edge),
    outbox: createOutbox(edge),
    housekeeping,
    onDone: (added) => void (listener = added),
  }
}

/** A text that cannot be masked is not shown at all. */
function createMask(): (text: string) => string {
  const redactor = createRedactor(defaultRules)
  return (text) => {
    try {
      return redactor.text(text)
    } catch {
      return '***HIDDEN***'
    }
  }
}
