import type { ProductError } from '../core/errors.ts'
import type { JobSpec } from '../core/job.ts'
import type { NodesWork } from '../core/node-relay.ts'
import type { ClusterRequest, NetworkPolicy, RunRequest } from '../core/task.ts'

/** The cluster that a run collects from, as plain data for its task, and a new token once the one in it has expired. */
export interface HandedCluster {
  request: ClusterRequest
  renewToken(): Promise<string>
}

/** The nodes of the cluster, for jobs that may look at them. */
export interface NodeAccess {
  work(run: RunRequest['run']): NodesWork
  /** Removes what a run that was killed left there; gives how many. Throws what the server says. */
  sweep(runUid: string): Promise<number>
}

/** A spec in an object of the job's namespace. */
export interface SpecRef {
  kind: 'ConfigMap' | 'Secret'
  name: string
  key: string
}

/** What runs and deliveries need from outside of the store, with the rights of their namespace. */
export interface Outside {
  /** undefined where a job collects from no cluster */
  cluster(spec: JobSpec): Promise<HandedCluster | undefined>
  /** key of the redaction tokens: 32 bytes in hexadecimal; undefined = there is none. Never throws. */
  tokenKey?(): Promise<string | undefined>
  /** whether jobs may look at the machine that the agent is on: it is its user's */
  mayUseHost: boolean
  /** undefined where jobs may not look at nodes */
  nodes?: NodeAccess | undefined
  /** where tasks may connect to; undefined where that is their user's business */
  network(): NetworkPolicy | undefined
  /** The text of a spec. Throws SPEC_SOURCE with the reason and what to do. */
  specSource(ref: SpecRef): Promise<string>
  /** what addresses of specs must begin with */
  specUrls(): string[]
  /** why jobs may not upload with this; undefined when they may */
  refusesUploader(name: string): ProductError | undefined
  /** the data of a Secret of the job's namespace, decoded. Throws what the server throws, or NOT_SUPPORTED without a cluster. */
  secret(name: string): Promise<Record<string, string>>
}
