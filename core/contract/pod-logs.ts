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
}

interface Pod {
  metadata?: { namespace?: string; name?: string }
  spec?: { containers?: { name?: string }[]; initContainers?: { name?: string }[] }
  status?: { containerStatuses?: ContainerStatus[]; initContainerStatuses?: ContainerStatus[] }
}
interface ContainerStatus {
  name?: string
  lastState?: { terminated?: object }
}

/** The containers of a pod, and which of them have a log of the time before their last start. */
export function containersOf({ json }: RawObject): PodContainers {
  const { metadata = {}, spec = {}, status = {} } = json as Pod
  const statuses = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])]
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    containers: [...(spec.containers ?? []), ...(spec.initContainers ?? [])].flatMap(({ name }) => name ?? []),
    restarted: new Set(statuses.flatMap(({ name, lastState }) => (lastState?.terminated && name ? [name] : []))),
  }
}
