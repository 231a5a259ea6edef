import type { RawObject } from '../collector.ts'

/** What a pod's status says of how far it is. */
export interface PodState {
  phase: 'pending' | 'running' | 'ended'
  /** what it waits for, in a line; empty = nothing is known */
  reason: string
  /** true: it will wait for ever */
  isHopeless: boolean
  /** container that has begun, so that it has a log */
  begun: string[]
}

interface Pod {
  spec?: { containers?: { name?: string }[]; initContainers?: { name?: string }[] }
  status?: {
    phase?: string
    reason?: string
    message?: string
    conditions?: { type?: string; status?: string; reason?: string; message?: string }[]
    containerStatuses?: ContainerStatus[]
    initContainerStatuses?: ContainerStatus[]
  }
}
interface ContainerStatus {
  name?: string
  restartCount?: number
  state?: { waiting?: { reason?: string; message?: string }; running?: object; terminated?: object }
}

/** Reasons to wait that no time mends. */
const HOPELESS: ReadonlySet<string> = new Set(['ImagePullBackOff', 'ErrImageNeverPull', 'InvalidImageName'])
const PULLING = 'ImagePullBackOff'

/**
 * How far a pod is. One whose first container was started again has ended before: it counts as ended.
 *
 * @param options `allowImagePullRetries`: an image that does not come may still come
 */
export function podState({ json }: RawObject, { allowImagePullRetries = false } = {}): PodState {
  const { status = {} } = json as Pod
  const statuses = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]
  const begun = statuses.flatMap(({ name, state, restartCount = 0 }) =>
    name && (state?.running || state?.terminated || restartCount > 0) ? [name] : [],
  )
  const waiting = statuses.map(({ state }) => state?.waiting).find((one) => one?.reason)
  const hasEnded =
    status.phase === 'Succeeded' || status.phase === 'Failed' || (status.containerStatuses?.[0]?.restartCount ?? 0) > 0
  const isHopeless = HOPELESS.has(waiting?.reason ?? '') && !(waiting?.reason === PULLING && allowImagePullRetries)
  return {
    phase: hasEnded ? 'ended' : status.phase === 'Running' ? 'running' : 'pending',
    reason: waiting ? described(waiting) : (unscheduled(status) ?? described(status)),
    isHopeless: isHopeless && !hasEnded,
    begun,
  }
}

function unscheduled({ conditions = [] }: NonNullable<Pod['status']>): string | undefined {
  const scheduled = conditions.find(({ type }) => type === 'PodScheduled')
  return scheduled?.status === 'False' ? described(scheduled) : undefined
}

function described({ reason, message }: { reason?: string; message?: string }): string {
  const [line = ''] = (message ?? '').split('\n')
  return [reason, line].filter(Boolean).join(': ')
}
