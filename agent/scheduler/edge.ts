import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/contract/index.ts'
import type { Holder, Run } from '../../core/run.ts'
import type { Store } from '../../core/store/store.ts'
import type { KeptRun } from './runs.ts'
import type { Mirror } from '../watch/mirror.ts'

/** What all of the scheduler works with. */
export interface SchedulerEdge {
  store: Store
  mirror: Mirror
  namespace: string
  clock: Clock
  log: Logger
  /** this process, as runs name it */
  holder: Holder
  /** whether who holds a run still works on it */
  isAlive(run: Run): boolean
  /** removes, in the background, what an interrupted run created in its cluster */
  clearUp?(kept: KeptRun): void
  /** the one run that a process without a daemon is there for: it claims and does no other */
  only?: string | undefined
}

/** Longest pause between two looks at everything; a slot found within it is on time. */
export const MAX_NAP_MS = 30_000
export const ON_TIME_MS = 2 * MAX_NAP_MS
