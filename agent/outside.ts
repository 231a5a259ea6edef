import type { ProductError } from '../core/errors.ts'
import type { JobSpec } from '../core/job.ts'
import type { ClusterRequest, NetworkPolicy } from '../core/task.ts'

/** The cluster that a run collects from, as plain data for its task, and a new token once the one in it has expired. */
export interface HandedCluster {
  request: ClusterRequest
  renewToken(): Promise<string>
}

/** What runs and deliveries need from outside of the store, with the rights of their namespace. */
export interface Outside {
  /** undefined where a job collects from no cluster */
  cluster(spec: JobSpec): Promise<HandedCluster | undefined>
  /** where tasks may connect to; undefined where that is their user's business */
  network(): NetworkPolicy | undefined
  /** why jobs may not upload with this; undefined when they may */
  refusesUploader(name: string): ProductError | undefined
  /** the data of a Secret of the job's namespace, decoded. Throws what the server throws, or NOT_SUPPORTED without a cluster. */
  secret(name: string): Promise<Record<string, string>>
}
