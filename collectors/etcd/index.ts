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
} from '../../core/contract/index.ts'
import {
  bytesOfBody,
  EXEC_PERMISSION,
  type ExecTarget,
  execTarget,
  ownPod,
  placedOn,
  POD_PERMISSIONS,
  waitForPod,
} from '../../core/contract/pods/index.ts'
import { type Distribution, readDistribution } from './distribution.ts'
import { EtcdConfig } from './schema.ts'

const COMMANDS = ['endpoint health', 'endpoint status', 'member list', 'alarm list', 'version']
const BEGIN_MS = 60_000
const CONTAINER = 'etcd-client'
const MAX_BYTES = 4 * 1024 * 1024

export default defineCollector<EtcdConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'Collector',
    name: 'etcd',
    version: '1.0.0',
    summary: 'what etcd of kURL, k0s and Embedded Cluster says of itself',
    specKey: 'etcd',
    permissions: [
      { apiGroups: [''], resources: ['nodes'], verbs: ['list'], why: 'which kind of cluster it is' },
      ...POD_PERMISSIONS.filter(({ resources }) => ['pods', 'events'].includes(resources[0] ?? '')),
      EXEC_PERMISSION,
    ],
    outputs: ['etcd'],
  },
  configSchema: EtcdConfig,
  async *collect(context) {
    const { kube, signal } = context
    signal.throwIfAborted()
    let target: ExecTarget
    let distribution: Distribution | undefined
    try {
      distribution = await readDistribution(kube)
      if (!distribution) throw pluginError('ETCD_NOT_SUPPORTED', 'no etcd of this kind of cluster is known', { class: 'config' })
      target = distribution.isOutside ? await ownClient(context, distribution) : await etcdPod(context)
    } catch (error) {
      signal.throwIfAborted()
      yield indentedJson('etcd/errors.json', [reasonLine(error)])
      return yield missing('ETCD_MISSING', `etcd: ${reasonLine(error)}`, [error])
    }
    for (const command of COMMANDS) yield* answer(context, target, command, distribution)
  },
})

/** A pod in which etcd runs. */
async function etcdPod({ kube }: CollectorContext<EtcdConfig>): Promise<ExecTarget> {
  for await (const pod of kube.pods({ selector: ['component=etcd'] })) {
    const target = execTarget(pod, '')
    if (target.whyNot === undefined) return target
  }
  throw pluginError('ETCD_NO_POD', 'no pod of etcd is running', { class: 'config' })
}

/** A pod on a machine of etcd, with the certificates that are there. */
async function ownClient(context: CollectorContext<EtcdConfig>, { folder, nodes }: Distribution): Promise<ExecTarget> {
  const { config, kube } = context
  const [node] = nodes
  if (!node) throw pluginError('ETCD_NO_NODE', 'no machine of etcd is ready', { class: 'resource' })
  const container = {
    name: CONTAINER,
    image: config.image,
    command: ['sleep'],
    args: ['5m'],
    env: [
      { name: 'ETCDCTL_API', value: '3' },
      { name: 'ETCDCTL_INSECURE_SKIP_TLS_VERIFY', value: 'true' },
    ],
    volumeMounts: [{ name: 'etcd-certs', mountPath: folder, readOnly: true }],
  }
  const volumes = [{ name: 'etcd-certs', hostPath: { path: folder, type: 'Directory' } }]
  const spec = placedOn({ hostNetwork: true, restartPolicy: 'Never', containers: [container], volumes }, node)
  const namespace = ownNamespace(context, '')
  const pod = await ownPod(kube, { name: 'etcd-collector', namespace, labels: { 'troubleshoot-role': 'etcd-collector' } }, spec)
  const { failure } = await waitForPod(context, pod, {
    until: 'running',
    timeoutMs: BEGIN_MS,
    hopeless: /hostPath type check failed/,
  })
  if (failure) throw failure
  return { ...pod, container: CONTAINER, whyNot: undefined }
}

/** What etcd says to one question. Its words at the end, an exit code or what kept it from answering stand beside. */
async function* answer(
  { kube, signal }: CollectorContext<EtcdConfig>,
  { namespace, name, container }: ExecTarget,
  command: string,
  { folder, ca, cert, key }: Distribution,
): AsyncGenerator<Output> {
  const path = `etcd/${command.replaceAll(' ', '-')}`
  const certificates = ['--cacert', `${folder}/${ca}`, '--cert', `${folder}/${cert}`, '--key', `${folder}/${key}`]
  const rest = ['--write-out', 'json', '--endpoints', 'https://127.0.0.1:2379']
  try {
    const words = ['etcdctl', ...command.split(' '), ...certificates, ...rest]
    const running = await kube.exec({ namespace, name, container }, words)
    const [stdout, code] = await Promise.allSettled([bytesOfBody(running.stdout, MAX_BYTES), running.exitCode])
    const stderr = Buffer.from(await bytesOfBody(running.stderr)).toString('utf8')
    signal.throwIfAborted()
    if (stdout.status === 'fulfilled' && stdout.value.length > 0)
      yield { type: 'file', path: `${path}.json`, format: 'text', body: stdout.value }
    if (stderr !== '') yield indentedJson(`${path}-stderr.json`, { stderr })
    if (stdout.status === 'rejected') throw stdout.reason
    if (code.status === 'rejected') throw code.reason
    if (code.value !== 0) throw new Error(`command terminated with exit code ${code.value}`)
  } catch (error) {
    signal.throwIfAborted()
    yield indentedJson(`${path}-errors.json`, [reasonLine(error)])
    yield missing('ETCD_MISSING', `etcdctl ${command}: ${reasonLine(error)}`, [error])
  }
}
