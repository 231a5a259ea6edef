import type { CollectorContext, Kube, RawObject } from '../collector.ts'
import { pluginError } from '../plugin.ts'
import { type PodState, podState } from './pod-state.ts'

/** Credentials for images: a Secret that is there, or one that is made. */
export interface PullSecret {
  name: string
  data?: Record<string, string> | undefined
  type: string
}

/** A pod that an entry created. */
export interface OwnedPod {
  namespace: string
  /** the name that it has: made unique */
  name: string
}

/** The reference to credentials for images, for a pod's spec. A Secret with data is made for the time of the entry. */
export async function pullSecretOf(
  kube: Kube,
  namespace: string,
  secret: PullSecret | null | undefined,
): Promise<{ name: string } | undefined> {
  if (!secret?.data) return secret?.name ? { name: secret.name } : undefined
  const metadata = { name: secret.name || 'troubleshoot', namespace }
  const made = await kube.own({ apiVersion: 'v1', kind: 'Secret', metadata, type: secret.type, data: secret.data })
  return { name: nameOf(made) }
}

/** Creates a pod for the time of the entry. */
export async function ownPod(
  kube: Kube,
  metadata: { name: string; namespace: string; labels?: object; annotations?: object },
  spec: object,
): Promise<OwnedPod> {
  const made = await kube.own({ apiVersion: 'v1', kind: 'Pod', metadata, spec })
  return { namespace: metadata.namespace, name: nameOf(made) }
}

const nameOf = ({ json }: RawObject) => (json['metadata'] as { name?: string } | undefined)?.name ?? ''

export interface PodWait {
  until: 'running' | 'ended'
  /** for all of it; none, or 0: as long as the run may take, once the pod runs */
  timeoutMs: number
  allowImagePullRetries?: boolean
  /** messages of events that tell that it will never run */
  hopeless?: RegExp
}

/** How waiting ended. `failure`: not as it was meant to. `pod`: as it was seen last, none if it is gone. */
export interface PodOutcome {
  pod: RawObject | undefined
  state: PodState | undefined
  failure: Error | undefined
}

/** A pod that does not begin to run within this time is given up, when the entry has no time-out of its own. */
const PENDING_MS = 5 * 60_000
const FIRST_NAP_MS = 250
const LONGEST_NAP_MS = 2000

type WaitContext = Pick<CollectorContext<unknown>, 'kube' | 'clock' | 'signal'>

/**
 * Looks at a pod until it runs or has ended, or never will.
 *
 * @throws what the API server says, and the signal's reason
 */
export async function waitForPod(context: WaitContext, at: OwnedPod, wait: PodWait): Promise<PodOutcome> {
  const { clock, signal, kube } = context
  const startedMs = clock.now().getTime()
  let napped = 0
  for (let nap = FIRST_NAP_MS; ; nap = Math.min(nap * 1.5, LONGEST_NAP_MS)) {
    const pod = await readPod(kube, at)
    signal.throwIfAborted()
    if (!pod) return { pod, state: undefined, failure: failed(at, 'it was removed by someone else') }
    const state = podState(pod, wait)
    if (state.phase === 'ended' || state.phase === wait.until) return { pod, state, failure: undefined }
    const why = state.isHopeless ? state.reason : await hopelessEvent(kube, at, state, wait.hopeless)
    if (why !== undefined) return { pod, state, failure: failed(at, why) }
    // A clock that stands still, as in tests, must not make it wait for ever.
    const waitedMs = Math.max(clock.now().getTime() - startedMs, napped)
    const limitMs = wait.timeoutMs || (state.phase === 'pending' ? PENDING_MS : Infinity)
    if (waitedMs >= limitMs) return { pod, state, failure: failed(at, `timeout: it is ${state.phase}${about(state)}`) }
    await clock.sleep(Math.min(nap, limitMs - waitedMs), signal)
    napped += nap
  }
}

const about = ({ reason }: PodState) => (reason === '' ? '' : `, ${reason}`)

/** Listed by its name, which takes no other right than looking for pods. */
async function readPod(kube: Kube, { namespace, name }: OwnedPod): Promise<RawObject | undefined> {
  const target = { version: 'v1', plural: 'pods', namespace }
  for await (const { items, failure } of kube.list(target, { fieldSelector: `metadata.name=${name}` })) {
    if (failure) throw failure
    if (items[0]) return items[0]
  }
  return undefined
}

/** The events of a pod. */
export async function eventsOf(kube: Kube, { namespace, name }: OwnedPod): Promise<RawObject[]> {
  const found: RawObject[] = []
  const target = { version: 'v1', plural: 'events', namespace }
  for await (const { items, failure } of kube.list(target, { fieldSelector: `involvedObject.name=${name}` })) {
    if (failure) throw failure
    found.push(...items)
  }
  return found
}

async function hopelessEvent(kube: Kube, at: OwnedPod, { phase }: PodState, pattern?: RegExp): Promise<string | undefined> {
  if (!pattern || phase !== 'pending') return undefined
  try {
    const messages = (await eventsOf(kube, at)).map(({ json }) => (json as { message?: string }).message ?? '')
    return messages.find((message) => pattern.test(message))
  } catch {
    // They only make waiting shorter.
    return undefined
  }
}

function failed({ namespace, name }: OwnedPod, why: string): Error {
  return pluginError('POD_NOT_RUN', `pod ${namespace}/${name} did not run to its end: ${why}`, { class: 'resource' })
}
