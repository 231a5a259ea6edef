import {
  containersOf,
  type Kube,
  type LogLimits,
  type LogSource,
  logPath,
  type Output,
  type RawObject,
} from '../../core/contract/index.ts'
import { isUnhealthy, runsWell } from './unhealthy.ts'

/** Enough to see why a pod does not run. */
export const UNHEALTHY_LIMITS: LogLimits = { maxLines: 500, maxBytes: 5_000_000 }

/** The logs of pods that are not well, as they come. */
export function unhealthyLogs(kube: Kube): { onItem: (pod: RawObject) => void; outputs: () => Output[] } {
  let found: RawObject[] = []
  return {
    onItem(pod) {
      if (pod.bytes && runsWell(pod.bytes)) return
      // Parsed for this question only: the host would keep what it parsed for as long as the pod is held.
      if (isUnhealthy(JSON.parse(pod.text) as Record<string, unknown>)) found.push(pod)
    },
    outputs() {
      const pods = found
      found = []
      return pods.flatMap((pod) => logsOf(kube, pod))
    },
  }
}

function logsOf(kube: Kube, object: RawObject): Output[] {
  const { namespace, name, containers, restarted, waiting } = containersOf(object)
  return containers.flatMap((container) => {
    const source: LogSource = { namespace, name, container, object }
    const errors = logPath(source).replace(/\.log$/, '-logs-errors.log')
    const instead = (reason: string): Output & { type: 'file' } => ({ type: 'file', path: errors, format: 'text', body: reason })
    const reason = waiting.get(container)
    if (reason !== undefined) return [instead(`container "${container}" in pod "${name}" is waiting to start: ${reason}`)]
    const current: Output = {
      type: 'file',
      path: logPath(source),
      format: 'text',
      body: kube.logs(source, UNHEALTHY_LIMITS),
      instead,
    }
    if (!restarted.has(container)) return [current]
    const before: LogSource = { ...source, previous: true }
    return [current, { type: 'file', path: logPath(before), format: 'text', body: kube.logs(before, UNHEALTHY_LIMITS) }]
  })
}
