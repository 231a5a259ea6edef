/** What tells how a pod is. */
interface Pod {
  metadata?: { deletionTimestamp?: string }
  spec?: { initContainers?: { restartPolicy?: string }[] }
  status?: {
    phase?: string
    reason?: string
    conditions?: { type?: string; status?: string }[]
    initContainerStatuses?: ContainerStatus[]
    containerStatuses?: ContainerStatus[]
  }
}
interface ContainerStatus {
  ready?: boolean
  state?: {
    waiting?: { reason?: string }
    running?: object
    terminated?: { reason?: string; exitCode?: number; signal?: number }
  }
}

/** True unless a pod runs with all its containers ready, or has completed: what kubectl prints as its status decides. */
export function isUnhealthy(json: Record<string, unknown>): boolean {
  const pod = json as Pod
  const { phase = '', containerStatuses = [] } = pod.status ?? {}
  if (['Failed', 'Pending', 'Unknown'].includes(phase)) return true
  const reason = statusReason(pod)
  if (reason === 'Completed') return false
  return reason !== 'Running' || containerStatuses.some(({ ready }) => !ready)
}

const STATUS = Buffer.from('"status":{')
const DELETED = Buffer.from('"deletionTimestamp"')

/** Without any of these, a status that says `Running` is of containers that all run and are ready. */
const DOUBT = /"(?:ready":false|state":\{\}|waiting|terminated|reason|initContainerStatuses)/

/**
 * True for a pod of which its last member, the status, says without doubt that it runs well. Most pods do, and a quarter of
 * their text is looked at for it. False when more must be known.
 */
export function runsWell(json: Uint8Array): boolean {
  const bytes = Buffer.from(json.buffer, json.byteOffset, json.byteLength)
  const at = bytes.lastIndexOf(STATUS)
  if (at === -1 || bytes.includes(DELETED)) return false
  const text = bytes.toString('latin1', at + STATUS.length - 1, bytes.lastIndexOf('}'))
  if (!DOUBT.test(text)) return text.includes('"phase":"Running"')
  try {
    const { phase, reason, initContainerStatuses = [], containerStatuses = [] } = JSON.parse(text) as NonNullable<Pod['status']>
    const isDone = initContainerStatuses.every(({ state }) => state?.terminated?.exitCode === 0)
    return phase === 'Running' && !reason && isDone && containerStatuses.every(({ ready, state }) => ready && state?.running)
  } catch {
    return false
  }
}

/** The column STATUS of `kubectl get pods`. */
export function statusReason(pod: Pod): string {
  const { status = {}, metadata = {} } = pod
  if (metadata.deletionTimestamp) return status.reason === 'NodeLost' ? 'Unknown' : 'Terminating'
  return initReason(pod) ?? runningReason(pod) ?? (status.reason || status.phase || '')
}

/** What the first container that has not done its part says; undefined once the pod is initialized. */
function initReason({ spec = {}, status = {} }: Pod): string | undefined {
  const inits = spec.initContainers ?? []
  for (const [index, { state = {} }] of (status.initContainerStatuses ?? []).entries()) {
    const { terminated, waiting, running } = state
    if (terminated?.exitCode === 0) continue
    if (terminated) return `Init:${terminated.reason || endOf(terminated)}`
    if (waiting?.reason && waiting.reason !== 'PodInitializing') return `Init:${waiting.reason}`
    // those that stay beside the others are done with starting once they run
    if (running && inits[index]?.restartPolicy === 'Always') continue
    return `Init:${index}/${inits.length}`
  }
  return undefined
}

/** The first container that waits or has ended says it; one that runs on makes up for those that completed. */
function runningReason({ status = {} }: Pod): string | undefined {
  let reason: string | undefined
  let isAnyRunning = false
  for (const { state = {}, ready } of (status.containerStatuses ?? []).toReversed()) {
    if (state.waiting?.reason) reason = state.waiting.reason
    else if (state.terminated) reason = state.terminated.reason || endOf(state.terminated)
    else if (ready && state.running) isAnyRunning = true
  }
  if (reason !== 'Completed' || !isAnyRunning) return reason
  const isReady = (status.conditions ?? []).some(({ type, status: value }) => type === 'Ready' && value === 'True')
  return isReady ? 'Running' : 'NotReady'
}

const endOf = ({ signal, exitCode = 0 }: { signal?: number; exitCode?: number }) =>
  signal ? `Signal:${signal}` : `ExitCode:${exitCode}`
