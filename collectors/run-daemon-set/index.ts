import {
  type CollectorContext,
  containersOf,
  CONTRACT,
  defineCollector,
  indentedJson,
  missing,
  type Output,
  ownNamespace,
  reasonLine,
} from '../../core/contract/index.ts'
import { NODE_POD_PERMISSIONS, type OnNode, podsOnNodes } from '../../core/contract/pods/index.ts'
import { RunDaemonSetConfig } from './schema.ts'

const TIMEOUT_MS = 60_000
const LOG_LIMITS = { maxLines: 10_000, maxBytes: 5_000_000 }

export default defineCollector<RunDaemonSetConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'Collector',
    name: 'run-daemon-set',
    version: '1.0.0',
    summary: 'what a pod on each node prints',
    specKey: 'runDaemonSet',
    permissions: NODE_POD_PERMISSIONS,
    outputs: ['$name'],
  },
  configSchema: RunDaemonSetConfig,
  async *collect(context) {
    const { config, signal } = context
    signal.throwIfAborted()
    const name = config.name || config.collectorName || ''
    const pods = {
      name: `run-daemonset-${name}`,
      namespace: ownNamespace(context, config.namespace),
      labels: { 'troubleshoot-role': 'run-daemonset-collector' },
      // A DaemonSet starts again what has ended: once is what is asked for.
      spec: { ...config.podSpec, restartPolicy: 'Never' },
      pullSecret: config.imagePullSecret,
      wait: { until: 'ended' as const, timeoutMs: config.timeout || TIMEOUT_MS },
    }
    try {
      for await (const one of podsOnNodes(context, pods)) yield* nodeFiles(context, name, one)
    } catch (error) {
      signal.throwIfAborted()
      yield indentedJson(joined(name, 'errors.json'), [reasonLine(error)])
      yield missing('DAEMON_SET_MISSING', `runDaemonSet ${name}: ${reasonLine(error)}`, [error])
    }
  },
})

/** The logs of the pod on one node, as far as they go, and what went wrong there. */
function* nodeFiles(
  { kube, signal }: CollectorContext<unknown>,
  folder: string,
  { node, pod, outcome, failure }: OnNode,
): Generator<Output> {
  signal.throwIfAborted()
  const object = outcome?.pod
  const first = object && containersOf(object).containers[0]
  for (const container of (pod && outcome?.state?.begun) ?? []) {
    const file = joined(folder, container === first ? node : `${node}-${container}`)
    const instead = (reason: string) => indentedJson(`${file}-log-errors.json`, [reason])
    if (pod)
      yield { type: 'file', path: `${file}.log`, format: 'text', body: kube.logs({ ...pod, container }, LOG_LIMITS), instead }
  }
  if (failure === undefined) return
  yield indentedJson(`${joined(folder, node)}-errors.json`, [reasonLine(failure)])
  yield missing('NODE_MISSING', `node ${node}: ${reasonLine(failure)}`, [failure])
}

const joined = (folder: string, name: string) => [...folder.split('/'), name].filter((part) => part !== '').join('/')
