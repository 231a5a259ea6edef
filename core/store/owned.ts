import type { Kind } from '../names.ts'
import type { Stored } from './store.ts'

/** What may go with a Job. */
export const OWNED_KINDS: readonly Kind[] = ['status', 'ledger', 'run', 'request']

/** True when the Job that an object goes with is not there any more, though a new one of its name may be. */
export const isOrphan = (stored: Stored, job: Stored | undefined, jobName: string) =>
  stored.owner?.name === jobName && stored.owner.uid !== job?.uid
