import { AGENT } from './agent.ts'
import { CLUSTER } from './cluster.ts'
import { INSTALL } from './install.ts'
import { JOBS } from './jobs.ts'
import { STORE } from './store.ts'
import { TASKS } from './tasks.ts'
import { USAGE } from './usage.ts'

export { EXIT } from './entry.ts'

/** Every error that the product itself raises, by area. docs/errors.md is generated from it. */
export const CATALOGUE = { ...USAGE, ...JOBS, ...STORE, ...TASKS, ...AGENT, ...CLUSTER, ...INSTALL } as const
