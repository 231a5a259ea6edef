import * as z from 'zod'
import { count, flag, listOf, Meta, text } from './shapes.ts'

const Ended = z.object({ reason: text, message: text, exitCode: count, signal: count }).nullish()
const State = z
  .object({ waiting: z.object({ reason: text, message: text }).nullish(), running: z.unknown().optional(), terminated: Ended })
  .nullish()
  .transform((state) => state ?? { waiting: undefined, running: undefined, terminated: undefined })
const Container = z.object({ name: text, ready: flag, restartCount: count, state: State, lastState: State })
export type ContainerStatus = z.infer<typeof Container>

/** What the state of a pod is read from. */
export const Pod = z.object({
  metadata: Meta.extend({ uid: text, deletionTimestamp: text }),
  spec: z.object({ initContainers: listOf(z.object({ name: text, restartPolicy: text })) }).nullish(),
  status: z
    .object({
      phase: text,
      reason: text,
      message: text,
      conditions: listOf(z.object({ type: text, status: text, message: text })),
      initContainerStatuses: listOf(Container),
      containerStatuses: listOf(Container),
    })
    .nullish()
    .transform((status) => status ?? NO_STATUS),
})
export type Pod = z.infer<typeof Pod>

const NO_STATUS = { phase: '', reason: '', message: '', conditions: [], initContainerStatuses: [], containerStatuses: [] }

/** In one word what kubectl shows as the pod's status, and what containers and the scheduler said about it. */
export interface PodState {
  reason: string
  message: string
}

export function podState(pod: Pod): PodState {
  const { status, metadata } = pod
  const state = initState(pod) ?? containersState(pod)
  if (metadata.deletionTimestamp === '') return state
  return { ...state, reason: status.reason === 'NodeLost' ? 'Unknown' : 'Terminating' }
}

const SICK_PHASES: ReadonlySet<string> = new Set(['Failed', 'Pending', 'Unknown'])

/** A pod that ended well is healthy; one that runs is if all its containers are ready. */
export function isUnhealthy(pod: Pod): boolean {
  if (SICK_PHASES.has(pod.status.phase)) return true
  const { reason } = podState(pod)
  if (reason === 'Completed') return false
  return reason !== 'Running' || pod.status.containerStatuses.some(({ ready }) => !ready)
}

/** Of the first init container that is not through; undefined when the pod is past them. */
function initState({ spec, status }: Pod): PodState | undefined {
  const containers = spec?.initContainers ?? []
  for (const [index, one] of status.initContainerStatuses.entries()) {
    const { terminated, waiting, running } = one.state
    if (terminated?.exitCode === 0) continue
    const message = one.lastState.terminated?.message ?? ''
    if (terminated) return { reason: `Init:${terminated.reason || exitReason(terminated)}`, message }
    if (waiting && waiting.reason !== '' && waiting.reason !== 'PodInitializing')
      return { reason: `Init:${waiting.reason}`, message }
    const isSidecar = containers.find(({ name }) => name === one.name)?.restartPolicy === 'Always'
    if (isSidecar && running) continue
    return { reason: `Init:${index}/${containers.length}`, message }
  }
  return undefined
}

/** The first container that has something to say gives the reason; all of them add to the message. */
function containersState({ status }: Pod): PodState {
  let reason = status.reason || status.phase
  let message = ''
  let hasRunning = false
  for (const { state, lastState, ready } of status.containerStatuses.toReversed()) {
    const { waiting, terminated, running } = state
    if (waiting && waiting.reason !== '') {
      reason = waiting.reason
      const last = lastState.terminated
      if (last) message += last.message || `ExitCode:${last.exitCode}`
    } else if (terminated) {
      reason = terminated.reason || exitReason(terminated)
      if (terminated.reason !== '') message += `ExitCode:${terminated.exitCode}`
    } else if (ready && running) hasRunning = true
  }
  const has = (type: string, wanted: string) => status.conditions.filter((one) => one.type === type && one.status === wanted)
  if (reason === 'Completed' && hasRunning) reason = has('Ready', 'True').length > 0 ? 'Running' : 'NotReady'
  return {
    reason,
    message:
      message +
      has('PodScheduled', 'False')
        .map((one) => one.message)
        .join(''),
  }
}

const exitReason = ({ signal, exitCode }: { signal: number; exitCode: number }): string =>
  signal === 0 ? `ExitCode:${exitCode}` : `Signal:${signal}`
