import type { LogSource, RawObject } from './collector.ts'

/** Where a log lies in a bundle. */
export function logPath({ namespace, name, container, previous }: LogSource): string {
  return `cluster-resources/pods/logs/${namespace}/${name}/${container}${previous ? '-previous' : ''}.log`
}

/** Whose logs a pod has. */
export interface PodContainers {
  namespace: string
  name: string
  /** those that initialize come last */
  containers: string[]
  /** those that ended before and were started again: only they have a previous log */
  restarted: Set<string>
  /** those that never ran, with what they wait for: there is no log to ask for */
  waiting: Map<string, string>
}

interface Pod {
  metadata?: { namespace?: string; name?: string }
  spec?: { nodeName?: string; containers?: { name?: string }[]; initContainers?: { name?: string }[] }
  status?: { phase?: string; containerStatuses?: ContainerStatus[]; initContainerStatuses?: ContainerStatus[] }
}
interface ContainerStatus {
  name?: string
  restartCount?: number
  state?: { waiting?: { reason?: string }; running?: object; terminated?: object }
  lastState?: { terminated?: object }
}

/** The containers of a pod, and which of them have a log of the time before their last start. */
export function containersOf({ json }: RawObject): PodContainers {
  const { metadata = {}, spec = {}, status = {} } = json as Pod
  const statuses = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])]
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])].flatMap(({ name }) => name ?? [])
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    containers,
    restarted: new Set(statuses.flatMap(({ name, lastState }) => (lastState?.terminated && name ? [name] : []))),
    waiting: new Map(
      status.phase === 'Pending' && statuses.length === 0 && !spec.nodeName
        ? containers.map((name) => [name, 'its pod is on no node'] as const)
        : statuses.flatMap((one) =>
            one.name && neverRan(one) ? [[one.name, one.state.waiting.reason ?? 'no reason'] as const] : [],
          ),
    ),
  }
}

function neverRan(one: ContainerStatus): one is ContainerStatus & { state: { waiting: { reason?: string } } } {
  return one.state?.waiting !== undefined && !one.lastState?.terminated && !one.restartCount
}
