import { fail, type ProductError } from '../core/errors.ts'
import { isFailure } from '../core/errors.ts'
import type { Run } from '../core/run.ts'
import { type AgentDoor, type AgentPod, refusalOf, refused } from './agent-door.ts'

/** A run, and where it is. */
export interface NamedRun {
  namespace: string
  name: string
  run: Run
}

/** Says of one pod that it does not have the bundle. */
const NOT_HERE = [404, 410, 421]

/**
 * The bytes of a bundle, from the pod that keeps it: it is asked first, then all others, since files may have moved to a new pod.
 *
 * @throws BUNDLE_NOT_KEPT, AGENT_REFUSED, AGENT_FORBIDDEN, AGENT_UNREACHABLE, or the signal's reason
 */
export async function bundleFromAgent(
  door: AgentDoor,
  { namespace, name, run }: NamedRun,
  signal: AbortSignal,
): Promise<AsyncIterable<Buffer>> {
  const { replica } = run.holder
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/runs/${encodeURIComponent(name)}/bundle`
  const inOrder = door.pods.toSorted((a, b) => Number(b.uid === replica) - Number(a.uid === replica))
  /** of pods that could not tell; one of them may have it */
  let unsure: Error | undefined
  let said: { message: string; remedy: string | undefined } | undefined
  for (const pod of inOrder) {
    const answer = await askOne(door, pod, path, signal)
    if (answer instanceof Error) unsure ??= answer
    else if (answer.status === 200) return answer.body
    else if (NOT_HERE.includes(answer.status)) said ??= await refusalOf(answer)
    else unsure ??= await refused(door, pod, answer)
  }
  if (unsure) throw unsure
  throw notKept(name, inOrder, replica, said)
}

/** A pod that cannot be reached is no reason not to ask the others. */
async function askOne(door: AgentDoor, pod: AgentPod, path: string, signal: AbortSignal) {
  try {
    return await door.get(pod, path, signal)
  } catch (error) {
    if (isFailure(error, 'AGENT_UNREACHABLE', 'POD_PORT_UNREACHABLE')) return error
    throw error
  }
}

function notKept(
  run: string,
  pods: readonly AgentPod[],
  replica: string | undefined,
  said: { message: string; remedy: string | undefined } | undefined,
): ProductError {
  if (replica !== undefined && !pods.some(({ uid }) => uid === replica))
    return fail('BUNDLE_NOT_KEPT', {
      run,
      reason: 'the pod that kept it is gone',
      remedy: 'run the job again; a bundle outlives its pod where it is uploaded, or with "install --with durable-outbox"',
    })
  return fail('BUNDLE_NOT_KEPT', {
    run,
    reason: said?.message ?? 'no pod of the agent has it',
    remedy: said?.remedy ?? 'it was removed by "retention" of the job; run the job again',
  })
}
