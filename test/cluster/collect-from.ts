import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RunEdge, runTask } from '../../agent/task/run.ts'
import { systemClock } from '../../core/clock.ts'
import { handOver } from '../../core/kube/handed-connection.ts'
import type { FromTask, RunRequest, RunResult } from '../../core/task.ts'
import { sourceLoader } from '../support/source-loader.ts'
import { RUN, spec, unpack } from '../support/task.ts'
import type { TestUser } from './control-plane.ts'
import { connectionTo, type TestCluster } from './use-cluster.ts'

/** A bundle collected from the test's cluster, unpacked. Removed at the end of the test file by `remove`. */
export interface Collected {
  result: RunResult
  archive: string
  folder: string
  /** every file and link, sorted */
  paths: string[]
  text(path: string): Promise<string>
  json(path: string): Promise<unknown>
  /** where a link points to */
  link(path: string): Promise<string>
  /** of one entry, by its key */
  report(key: string): Promise<Report>
  messages: FromTask[]
  /** what lay in the work folder when the run was over */
  left: string[]
}
interface Report {
  state: string
  isComplete: boolean
  files: number
  requests: number
  warnings: { code: string; message: string }[]
  error?: { code: string; message: string }
}

export interface CollectOptions {
  user?: TestUser | 'admin'
  token?: string
  /** instead of the real one, such as a fault proxy's */
  server?: string
  namespaces?: string[]
  defaultNamespace?: string
  since?: string
  apiQps?: number
  redact?: boolean
  needToken?: () => Promise<string>
  /** told of the work folder before the run begins */
  onFolder?: (folder: string) => void
  /** of the request, whatever else is asked for */
  change?: Partial<RunRequest>
}

const folders: string[] = []

/** Runs the run task in this process, with collectors from their sources, against the real API server. */
export async function collectFrom(cluster: TestCluster, collectors: object[], options: CollectOptions = {}): Promise<Collected> {
  const base = await mkdtemp(join(tmpdir(), 'sbs-collect-'))
  folders.push(base)
  const messages: FromTask[] = []
  options.onFolder?.(base)
  const result = await runTask(await requestFor(cluster, collectors, options, base), await edgeOf(messages, options))
  const left = await readdir(base)
  const archive = join(base, 'b.tar.gz')
  const { folder, paths, read: text } = await unpack(archive)
  const json = async (path: string) => JSON.parse(await text(path)) as unknown
  return {
    result,
    archive,
    folder,
    paths,
    text,
    json,
    link: (path) => readlink(join(folder, path)),
    async report(key) {
      const report = (await json('support-bundle-schedule/report.json')) as { collectors: (Report & { key: string })[] }
      const found = report.collectors.find((one) => one.key === key)
      if (!found) throw new Error(`there is no entry "${key}" in the report`)
      return found
    },
    messages,
    left,
  }
}

/** Removes what `collectFrom` made. */
export const removeCollected = () => Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })))

async function requestFor(
  cluster: TestCluster,
  collectors: object[],
  { user = 'admin', namespaces = ['*'], since, apiQps, redact = true, ...options }: CollectOptions,
  workFolder: string,
): Promise<RunRequest> {
  const { info } = cluster
  const token = options.token ?? (user === 'admin' ? info.adminToken : info.tokens[user])
  const connection = await handOver(connectionTo(info, token, options.server ?? info.server))
  // What is not asked for is left out, so that a test sees its own entries alone.
  const defaults = ['clusterInfo', 'clusterResources'].filter((key) => !collectors.some((entry) => key in entry))
  return {
    task: 'run',
    run: RUN,
    workFolder,
    fileName: 'b.tar.gz',
    specs: [spec({ collectors: [...collectors, ...defaults.map((key) => ({ [key]: { exclude: true } }))] })],
    cluster: {
      connection: { ...connection, namespace: options.defaultNamespace ?? connection.namespace },
      namespaces,
      ...(since === undefined ? {} : { since }),
      ...(apiQps === undefined ? {} : { apiQps }),
    },
    analyze: false,
    redact,
    timeoutMs: 60_000,
    limits: { bundleBytes: 2 ** 30, outputBytes: 2 ** 30 },
    pluginFolders: [],
    ...options.change,
  }
}

async function edgeOf(messages: FromTask[], { needToken = () => Promise.resolve('') }: CollectOptions): Promise<RunEdge> {
  const quiet = () => undefined
  return {
    clock: systemClock,
    loader: await sourceLoader(),
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    version: '0.0.0-test',
    platform: 'linux',
    say: (message) => void messages.push(message),
    signal: new AbortController().signal,
    nodes: () => ({ heard: () => undefined }),
    host: () => {
      throw new Error('this test has no host')
    },
    cpuMs: () => 0,
    random: Math.random,
    fetch,
    needToken,
  }
}
