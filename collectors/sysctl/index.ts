import { CONTRACT, defineCollector, indentedJson, missing, ownNamespace, reasonLine } from '../../core/contract/index.ts'
import { NODE_POD_PERMISSIONS, podsOnNodes } from '../../core/contract/pods/index.ts'
import { SysctlConfig } from './schema.ts'

const TIMEOUT_MS = 60_000
const CONTAINER = 'run'
/** Analyzers read lines of `/proc/sys/<path> = <value>`. */
const FOLDERS = ['/proc/sys/net/ipv4', '/proc/sys/net/bridge', '/proc/sys/vm']
const SCRIPT = FOLDERS.map(
  (folder) => `find ${folder} -type f 2>/dev/null | while read -r f; do v=$(cat "$f" 2>/dev/null); echo "$f = $v"; done`,
).join('\n')

export default defineCollector<SysctlConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'Collector',
    name: 'sysctl',
    version: '1.0.0',
    summary: 'kernel parameters of each node',
    specKey: 'sysctl',
    permissions: NODE_POD_PERMISSIONS,
    outputs: ['sysctl', 'sysctl-errors'],
  },
  configSchema: SysctlConfig,
  async *collect(context) {
    const { config, kube, signal } = context
    signal.throwIfAborted()
    const pods = {
      name: 'sysctl',
      namespace: ownNamespace(context, config.namespace),
      labels: { 'troubleshoot-role': 'sysctl-collector' },
      spec: specOf(config),
      pullSecret: config.imagePullSecret,
      wait: { until: 'ended' as const, timeoutMs: config.timeout || TIMEOUT_MS },
    }
    try {
      for await (const { node, pod, failure } of podsOnNodes(context, pods)) {
        signal.throwIfAborted()
        const errors = (reason: string) => indentedJson(`sysctl-errors/${node}.json`, [reason])
        if (failure === undefined && pod) {
          const body = kube.logs({ ...pod, container: CONTAINER }, {})
          yield { type: 'file', path: `sysctl/${node}`, format: 'text', body, instead: errors }
          continue
        }
        yield errors(reasonLine(failure))
        yield missing('NODE_MISSING', `node ${node}: ${reasonLine(failure)}`, [failure])
      }
    } catch (error) {
      signal.throwIfAborted()
      yield indentedJson('sysctl-errors/errors.json', [reasonLine(error)])
      yield missing('SYSCTL_MISSING', `sysctl: ${reasonLine(error)}`, [error])
    }
  },
})

/** In the network of the node: that of a pod has parameters of its own. */
function specOf({ image, imagePullPolicy }: SysctlConfig): Record<string, unknown> {
  const policy = imagePullPolicy === '' ? {} : { imagePullPolicy }
  return {
    hostNetwork: true,
    restartPolicy: 'Never',
    containers: [{ name: CONTAINER, image, ...policy, command: ['sh', '-c', SCRIPT] }],
  }
}
