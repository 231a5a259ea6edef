import type { Clock } from '../core/clock.ts'
import type { KubeClient } from '../core/kube/client.ts'
import type { KubeOverrides } from '../core/kube/kubeconfig.ts'
import type { ProcessTable } from '../core/store/process-table.ts'
import type { Store } from '../core/store/store.ts'
import type { SuperviseOptions, TaskOutcome } from '../core/supervise.ts'
import type { ClusterRequest, TaskName, TaskRequest, TaskResults } from '../core/task.ts'

export interface AgentEnd {
  pid: number
  /** undefined: it works on in the background */
  exitCode: number | undefined
  /** its stderr */
  said: string
}

/** The process and the machine, as verbs see them. Made by main.ts; a test makes its own. */
export interface CliEdge {
  /** data goes to stdout, talk to stderr */
  out(text: string): void
  err(text: string): void
  /** stderr is a terminal: progress may be drawn in place */
  isTty: boolean
  env: Readonly<Record<string, string | undefined>>
  cwd: string
  home: string
  clock: Clock
  nodeVersion: string
  /** version of the time zone database inside Node.js */
  zoneData: string
  /** the folder of what was built beside the program: manifests, collectors */
  lib: string
  /** Ctrl-C and its like. Who reads it promises to clear up and end soon after. */
  signal: AbortSignal
  newId(): string
  /** what comes on stdin, but not much more than `bytes` of it */
  readStdin(bytes: number): Promise<string>
  processes(): ProcessTable
  /** the local store in a folder */
  fileStore(folder: string): Promise<Store>
  /** the store of a cluster, and what to know before a job is put there; the kubeconfig is read now */
  clusterStore(overrides: KubeOverrides): Promise<ClusterStore>
  /** the API server that the user means; the kubeconfig is read now */
  cluster(overrides: KubeOverrides): Promise<ClusterAccess>
  /** the cluster to collect from, as the user; undefined when there is no kubeconfig and none was named */
  handCluster(overrides: KubeOverrides): Promise<HandedCluster | undefined>
  /**
   * Starts a task program that the next call of `task` with this limit takes, so that it is there by then. Resolves when it was
   * started, or could not be, which that call tells, with a function that ends it, for whoever comes to no such call.
   */
  warmTask?(memoryBytes: number): Promise<() => void>
  /** starts the task program for one request */
  task<Name extends TaskName>(
    request: Extract<TaskRequest, { task: Name }>,
    options: Omit<SuperviseOptions, 'clock'>,
  ): Promise<TaskOutcome<TaskResults[Name]>>
  /**
   * Starts the agent program. `background`: resolves when it is ready, or has ended with what it said; one that is not ready
   * in time, or before `stop`, is ended. Else: resolves at its end, which `stop` asks for.
   */
  agent(args: string[], how: 'foreground' | 'background' | 'quiet', stop?: AbortSignal): Promise<AgentEnd>
  /** sends a signal to a process; throws as `process.kill` does */
  kill(pid: number, signal: 'SIGTERM' | 'SIGHUP' | 'SIGKILL'): void
}

/** A cluster as plain data for a task, and a new token once the one in it has expired. */
export interface HandedCluster {
  request: ClusterRequest
  renewToken(): Promise<string>
}

export interface ClusterAccess {
  client: KubeClient
  /** of the context, unless a flag names another one */
  namespace: string
}

export interface ClusterStore {
  store: Store
  namespace: string
  /** why no agent will run a job of this namespace, as far as this user may see */
  warnings(job: string, secrets: readonly string[]): Promise<string[]>
}
