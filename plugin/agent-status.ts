import { AgentFacts } from '../core/agent-api.ts'
import { asProblem, fail, type Problem } from '../core/errors.ts'
import { API_VERSION } from '../core/names.ts'
import { showDuration, showSize } from '../core/quantity.ts'
import { type AgentDoor, type AgentPod, refused, textOf } from './agent-door.ts'
import { fields, table } from './output/text.ts'

/** One pod, and what it tells of itself; or why it does not. */
interface Replica {
  pod: string
  isReady: boolean
  facts?: AgentFacts
  problem?: Problem
}

/** The agent of a cluster, as `status --agent` shows it. */
export interface AgentView {
  apiVersion: string
  kind: 'Agent'
  namespace: string
  replicas: Replica[]
  /** as the leading replica tells, or else the first that answers */
  namespaces: AgentFacts['namespaces']
}

/** Asks every pod. Throws AGENT_REFUSED, AGENT_FORBIDDEN, or why the first gives no answer when none does. */
export async function viewAgent(door: AgentDoor, signal: AbortSignal): Promise<AgentView> {
  const errors: unknown[] = []
  const replicas: Replica[] = []
  for (const pod of door.pods) {
    const seen = { pod: pod.name, isReady: pod.isReady }
    try {
      replicas.push({ ...seen, facts: await factsOf(door, pod, signal) })
    } catch (error) {
      signal.throwIfAborted()
      errors.push(error)
      replicas.push({ ...seen, problem: asProblem(error) })
    }
  }
  if (errors.length === replicas.length) throw errors[0]
  const told = replicas.flatMap(({ facts }) => facts ?? [])
  const { namespaces = [] } = told.find(({ isLeader }) => isLeader) ?? told[0] ?? {}
  return { apiVersion: API_VERSION, kind: 'Agent', namespace: door.namespace, replicas, namespaces }
}

async function factsOf(door: AgentDoor, pod: AgentPod, signal: AbortSignal): Promise<AgentFacts> {
  const answer = await door.get(pod, '/api/v1/agent', signal)
  if (answer.status !== 200) throw await refused(door, pod, answer)
  const text = await textOf(answer)
  try {
    return AgentFacts.parse(JSON.parse(text))
  } catch (error) {
    const remedy = 'check that agent and program are of the same version: version'
    throw fail('AGENT_UNREACHABLE', { pod: pod.name, reason: 'it answered with something else than its facts', remedy }, error)
  }
}

export function showAgent({ namespace, replicas, namespaces }: AgentView, now: Date): string {
  const pods = replicas.map(({ pod, isReady, facts, problem }) => [
    pod,
    facts ? (facts.isLeader ? 'leads' : 'waits') : 'silent',
    isReady ? 'yes' : 'no',
    facts?.version ?? '-',
    facts ? showDuration(now.getTime() - Date.parse(facts.startedAt)) : '-',
    facts ? showSize(facts.residentBytes) : '-',
    problem?.message ?? '-',
  ])
  const served = namespaces.map(({ name, isServed, jobs, lacks }) => [
    name,
    isServed ? 'yes' : 'no',
    jobs === undefined ? '-' : String(jobs),
    lacks.map(({ message }) => message).join('; ') || '-',
  ])
  const mend = namespaces.flatMap(({ name, lacks }) =>
    lacks.flatMap(({ remedy }) => (remedy ? [[`To mend ${name}`, remedy] as const] : [])),
  )
  return [
    fields([['Namespace', namespace]]),
    table(['POD', 'ROLE', 'READY', 'VERSION', 'UPTIME', 'MEMORY', 'PROBLEM'], pods),
    served.length > 0 ? table(['NAMESPACE', 'SERVED', 'JOBS', 'LACKS'], served) : 'no namespace is opted in\n',
    ...(mend.length > 0 ? [fields(mend)] : []),
  ].join('\n')
}
