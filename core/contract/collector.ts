import type { Http } from './http.ts'
import type { Network } from './network.ts'
import type { Body, ConfigSchema, Context, Manifest, Output } from './plugin.ts'

/** What a collector asks of the API server: the host refuses all else, and `rbac plan` is made of it. */
export interface Permission {
  apiGroups: string[]
  resources: string[]
  verbs: string[]
  /** paths that are no kinds, such as `/version` */
  nonResourceURLs?: string[]
  why?: string
}

export interface CollectorManifest extends Manifest {
  kind: 'Collector'
  /** `- <specKey>: {…}` in a SupportBundle spec */
  specKey: string
  permissions: Permission[]
  /** folders it may write; `$name` = the entry's name, else its collectorName, else the root */
  outputs: string[]
}

export interface HostCollectorManifest extends Omit<CollectorManifest, 'kind'> {
  kind: 'HostCollector'
  platforms: ('linux' | 'darwin' | 'win32')[]
}

export interface RawObject {
  text: string
  json: Record<string, unknown>
  /** the very bytes that the server sent, where the host has them: cheaper than `text` */
  bytes?: Uint8Array
}
export interface RawList {
  items: RawObject[]
  /** empty on a part of a page that comes before it is known */
  resourceVersion: string
  /** that of all its items; none for kinds of the whole cluster, and when there are no items */
  namespace?: string
  /** why this namespace could not be listed; what came of it before is not all */
  failure?: Error
}
/** What to list: a kind in one namespace, in several, or wherever it is. */
export interface ListTarget {
  group?: string
  version: string
  plural: string
  namespace?: string
  /** only these; not together with `namespace` */
  namespaces?: string[]
  /** false: a kind of the whole cluster, whose refusal is no reason to look into namespaces */
  isNamespaced?: false
}
export type Query = Record<string, string | number | boolean | undefined>
/** An absent limit is no limit. */
export interface LogLimits {
  maxLines?: number
  maxBytes?: number
  sinceTime?: Date
  timestamps?: boolean
}
export interface LogSource {
  namespace: string
  /** of the pod */
  name: string
  container: string
  previous?: boolean
  /** the pod, so that the host can ask what other entries want of this log */
  object?: RawObject
}
/** What an entry wants of a log: `links` are names of it in the bundle. */
export interface LogWish {
  limits: LogLimits
  links: string[]
}

/** Refuses what the manifest does not declare. Bodies are raw: nothing is parsed into typed objects and written back. */
export interface Kube {
  /**
   * Parts of pages, each of one namespace; those of a namespace come one after the other. On a 403 for all namespaces it
   * lists them one by one, those of the run or all that there are; one that cannot be listed gives a part with `failure`.
   * Throws when none could be.
   */
  list(target: ListTarget, query?: Query): AsyncIterable<RawList>
  /** undefined on 404 */
  get(path: string, query?: Query): Promise<RawObject | undefined>
  raw(path: string, query?: Query): AsyncIterable<Uint8Array>
  /** Throws at its end when some namespaces could not be listed. */
  pods(where: { namespace?: string; selector?: string[]; name?: string }): AsyncIterable<RawObject>
  /**
   * One fetch a container per run, with the widest limits any entry asks for. Yield it as the body of one file, unchanged:
   * when an entry before had that log, the file is linked to the one that is there.
   */
  logs(source: LogSource, limits: LogLimits): Body
  /**
   * Runs a command in a container of a pod, without a shell. Read `stdout` first, or leave it off: unread, it holds the command
   * up. Of `stderr` the first megabyte is kept; it comes once the command has ended, or was cut off: it never
   * throws. `exitCode` rejects when it is not known how the command ended.
   *
   * @param options `signal` ends the connection, as the run's end does
   */
  exec(
    pod: { namespace: string; name: string; container?: string },
    command: string[],
    options?: { stdin?: Body; signal?: AbortSignal },
  ): Promise<Execution>
  /** SelfSubject…Review */
  review(kind: 'access' | 'rules', spec: object): Promise<RawObject>
  /**
   * Creates a Pod, Secret or ConfigMap for the time of this entry, with label, owner and deadline; removed by the host whatever
   * happens, as soon as the entry's collector has ended. Its manifest declares `create`, `delete` and, for the sweep of what a
   * killed run left, `list`. The name is made unique behind `metadata.name` or `generateName`: look at what is given back.
   */
  own(object: object): Promise<RawObject>
}

/** A command that runs in a container. */
export interface Execution {
  stdout: () => AsyncIterable<Uint8Array>
  stderr: () => AsyncIterable<Uint8Array>
  exitCode: Promise<number>
}

export interface CollectorContext<Config> extends Context<Config> {
  kube: Kube
  http: Http
  /** where to look when the entry names none; `['*']` = wherever it may */
  namespaces: string[]
  /** for what is named without a namespace: that of the kubeconfig, or of the job */
  defaultNamespace?: string
  /** logs begin here, whatever the entry says */
  since: Date | undefined
}

/** A throw ends this collector only; what it yielded before stays in the bundle. */
export interface CollectorPlugin<Config = unknown> {
  manifest: CollectorManifest
  configSchema: ConfigSchema<Config>
  collect(context: CollectorContext<Config>): AsyncIterable<Output>
  /** What an entry wants of a log, undefined if nothing: all entries are asked before a log is fetched. Asks no server. */
  logWish?(
    context: Pick<CollectorContext<Config>, 'config' | 'namespaces' | 'since' | 'clock'>,
    source: LogSource,
  ): LogWish | undefined
}

export interface HostExecOptions {
  /** the whole environment of the command; default: PATH and LC_ALL=C only */
  env?: Record<string, string>
  /** names of variables handed on from our own program's environment, beneath `env`; those that are not set are left out */
  inheritEnv?: string[]
  timeoutMs?: number
  stdin?: Body
}

/** A file to write, and how. */
export interface WriteTest {
  /** bytes of each write; the last may be shorter */
  writeBytes: number
  /** bytes of the whole file */
  fileBytes: number
  /** fsync after each write, instead of fdatasync */
  isFullSync: boolean
  /** no further write is begun after so many ms */
  limitMs: number
}

/** The machine looked at: the real one, or its root mounted in a pod. Paths are absolute on that machine. */
export interface Host {
  root: string
  platform: 'linux' | 'darwin' | 'win32'
  /** Opens lazily; iteration throws ENOENT, EACCES as node:fs does. */
  read(path: string): () => AsyncIterable<Uint8Array>
  /**
   * Regular files that match a path or a glob pattern (`*`, `?`, `[a-z]`, and `**` for folders of any depth), also those
   * whose name begins with a dot, sorted; links are not followed out of the pattern's folder.
   */
  glob(pattern: string): Promise<string[]>
  /** Numbers of the file system that holds `path`, in bytes. */
  usage(path: string): Promise<{ totalBytes: number; usedBytes: number }>
  /**
   * Writes a new file in a folder, piece by piece, and makes each piece durable before the next. Gives how long that took each
   * time, in ns: fewer times than writes when `limitMs` was over. The file is gone once this settles. Rejects ENOENT, EACCES,
   * ENOSPC as node:fs does.
   */
  syncTimes(folder: string, test: WriteTest): Promise<number[]>
  /** Runs a program without a shell; a missing program or time-out rejects, any exit code resolves. Output is capped at 16 MiB a stream. */
  exec(command: string, args: string[], options?: HostExecOptions): Promise<{ stdout: string; stderr: string; exitCode: number }>
}

export interface HostContext<Config> extends Context<Config> {
  host: Host
  http: Http
  network: Network
}
export interface HostCollectorPlugin<Config = unknown> {
  manifest: HostCollectorManifest
  configSchema: ConfigSchema<Config>
  collect(context: HostContext<Config>): AsyncIterable<Output>
}

/** The identity: gives types, nothing else. */
export function defineCollector<Config>(plugin: CollectorPlugin<Config>): CollectorPlugin<Config> {
  return plugin
}
/** The identity: gives types, nothing else. */
export function defineHostCollector<Config>(plugin: HostCollectorPlugin<Config>): HostCollectorPlugin<Config> {
  return plugin
}
