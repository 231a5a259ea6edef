import { posix } from 'node:path'
import {
  type CollectorContext,
  CONTRACT,
  defineCollector,
  indentedJson,
  missing,
  type Output,
  ownNamespace,
  pluginError,
  reasonLine,
  warning,
} from '../../core/contract/index.ts'
import {
  EXEC_PERMISSION,
  NODE_POD_PERMISSIONS,
  type OnNode,
  podsOnNodes,
  tarArchive,
  type TarEnd,
  tarFiles,
  timeLimit,
} from '../../core/contract/pods/index.ts'
import { CopyFromHostConfig } from './schema.ts'

const CONTAINER = 'collector'
const MOUNTED = '/host'
const BEGIN_MS = 30_000
/** The kubelet's words for a folder that is not there. */
const NO_FOLDER = /hostPath type check failed/

export default defineCollector<CopyFromHostConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'Collector',
    name: 'copy-from-host',
    version: '1.0.0',
    summary: 'a file or a folder of each node',
    specKey: 'copyFromHost',
    permissions: [...NODE_POD_PERMISSIONS, EXEC_PERMISSION],
    outputs: ['$name'],
  },
  configSchema: CopyFromHostConfig,
  async *collect(context) {
    const { config, signal } = context
    signal.throwIfAborted()
    const to = (config.name || config.hostPath)
      .split('/')
      .filter((part) => part !== '')
      .join('/')
    const pods = {
      name: 'copyfromhost',
      namespace: ownNamespace(context, config.namespace),
      labels: { 'app.kubernetes.io/managed-by': 'troubleshoot.sh', 'troubleshoot.sh/collector': 'copyfromhost' },
      spec: specOf(config),
      pullSecret: config.imagePullSecret,
      wait: { until: 'running' as const, timeoutMs: Math.max(config.timeout, BEGIN_MS), hopeless: NO_FOLDER },
    }
    try {
      for await (const one of podsOnNodes(context, pods)) yield* copied(context, `${to}/${one.node}`, one)
    } catch (error) {
      signal.throwIfAborted()
      yield indentedJson(`${to}/errors.json`, [reasonLine(error)])
      yield missing('COPY_FROM_HOST_MISSING', `copyFromHost ${config.hostPath}: ${reasonLine(error)}`, [error])
    }
  },
})

/** What is mounted, and what of it is copied: of a folder below the root, all. */
function placeOf(hostPath: string): { mounted: string; folder: string; name: string } {
  const parent = posix.dirname(hostPath)
  if (parent !== '/') return { mounted: parent, folder: MOUNTED, name: posix.basename(hostPath) }
  return { mounted: hostPath, folder: posix.dirname(MOUNTED), name: posix.basename(MOUNTED) }
}

function specOf({ image, imagePullPolicy, hostPath }: CopyFromHostConfig): Record<string, unknown> {
  const volumeMounts = [{ name: 'host', mountPath: MOUNTED, readOnly: true }]
  const policy = imagePullPolicy || 'IfNotPresent'
  return {
    restartPolicy: 'Never',
    containers: [{ name: CONTAINER, image, imagePullPolicy: policy, command: ['sleep'], args: ['1000000'], volumeMounts }],
    volumes: [{ name: 'host', hostPath: { path: placeOf(hostPath).mounted, type: 'Directory' } }],
  }
}

/** The files of one node, and what went wrong there. */
async function* copied(
  context: CollectorContext<CopyFromHostConfig>,
  to: string,
  { node, pod, outcome, failure }: OnNode,
): AsyncGenerator<Output> {
  const { config, kube, signal } = context
  const isRunning = outcome?.state?.phase === 'running'
  let end: TarEnd = { files: 0, stderr: '' }
  if (failure !== undefined || !pod || !isRunning) {
    const message = failure === undefined ? 'its pod has ended by itself' : reasonLine(failure)
    const absent = pluginError('PATH_NOT_FOUND', 'path does not exist', { class: 'config' })
    end.error = NO_FOLDER.test(message) ? { message: absent.message, thrown: absent } : { message, thrown: failure }
  } else {
    const limit = timeLimit(context, config.timeout)
    const { folder, name } = placeOf(config.hostPath)
    const target = { ...pod, container: CONTAINER, whyNot: undefined }
    const source = { kube, signal, until: limit.signal, target, folder, name }
    try {
      end = yield* config.extractArchive ? tarFiles(source, to) : tarArchive(source, `${to}/archive.tar`)
      if (end.error && limit.isOver()) end.error.message = 'timeout'
    } finally {
      limit.stop()
    }
  }
  signal.throwIfAborted()
  if (!end.error) {
    if (end.files === 0) yield warning('COPY_NOTHING_FOUND', `node ${node}: there are no files in ${config.hostPath}`)
    return
  }
  yield { type: 'file', path: `${to}/error.txt`, format: 'text', body: end.error.message }
  if (end.stderr) yield { type: 'file', path: `${to}/stderr.txt`, format: 'text', body: end.stderr }
  yield missing('NODE_MISSING', `node ${node}: ${end.error.message}`, [end.error.thrown])
}
