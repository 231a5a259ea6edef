import * as z from 'zod'
import type { AnalyzeResult } from '../analyzer.ts'
import { words } from '../comparison.ts'
import { COMMON, defineAnalyzer } from '../define.ts'
import type { Report } from '../define.ts'
import { gather, namespaceFiles, notCollected } from '../gather.ts'
import { listItems } from '../list-items.ts'
import { branchOf, evaluate, Text } from '../outcomes.ts'
import type { Outcome } from '../outcomes.ts'
import { Pod } from '../pod-state.ts'
import type { ContainerStatus } from '../pod-state.ts'
import { fillTemplate } from '../text/template.ts'

const Config = z.strictObject({ ...COMMON, namespaces: z.array(Text).nullish(), restartCount: z.int().nullish() })

interface PodFacts {
  namespace: string
  name: string
  containers: ContainerStatus[]
}

/**
 * `when`: `== <reason>` or `!= <reason>` of a container that waits or ended, now or the last time. Every pod that an outcome
 * applies to gives a result; an outcome without a condition gives one if none did before.
 */
export const clusterContainerStatuses = defineAnalyzer({
  schema: Config,
  title: () => 'Cluster Container Status',
  icon: {
    iconKey: 'kubernetes_container_statuses',
    iconUri: 'https://troubleshoot.sh/images/analyzer-icons/kubernetes.svg?w=16&h=16',
  },
  start: ({ outcomes, namespaces, restartCount }, report) =>
    gather({
      wants: namespaceFiles('cluster-resources/pods', namespaces ?? []),
      read: (path, bytes) => [...podsOf(path, bytes, restartCount ?? 0)],
      judge: (files) =>
        files.length > 0 ? judgePods(files.flat(), outcomes, report) : [notCollected(report, 'cluster-resources/pods/*.json')],
    }),
})

function* podsOf(path: string, bytes: Uint8Array, restarts: number): Generator<PodFacts> {
  for (const { metadata, status } of listItems(path, bytes, Pod)) {
    const containers = status.containerStatuses.filter(({ restartCount }) => restartCount >= restarts)
    if (containers.length > 0) yield { namespace: metadata.namespace, name: metadata.name, containers }
  }
}

function judgePods(pods: readonly PodFacts[], outcomes: readonly Outcome[], report: Report): AnalyzeResult[] {
  const results: AnalyzeResult[] = []
  for (const outcome of outcomes) {
    const branch = branchOf(outcome)
    if (!branch) continue
    const { when, ...judgement } = branch
    if (when === '') return results.length > 0 ? results : [report(judgement)]
    const find = readCondition(when)
    for (const pod of pods) {
      const found = find(pod)
      if (found) results.push(report({ ...judgement, message: fillTemplate(judgement.message, fieldsOf(pod, found)).trim() }))
    }
  }
  return results.length > 0 ? results : [report(undefined)]
}

interface Found {
  container: ContainerStatus
  message: string
}

/** What of a pod a condition is about; undefined where it does not hold. */
function readCondition(when: string): (pod: PodFacts) => Found | undefined {
  let condition: [string, string] = ['', '']
  evaluate(when, (text) => {
    condition = words(text.trim(), 2)
    if (!/^(?:={1,3}|!==?)$/.test(condition[0])) throw new Error(`unknown operator "${condition[0]}"; known are = == === != !==`)
    return true
  })
  const [operator, reason] = condition
  return ({ containers }) => {
    const found = containers.map((container) => ({ container, message: messageFor(container, reason) }))
    const match = found.find((one): one is Found => one.message !== undefined)
    if (!operator.startsWith('!')) return match
    const last = found.at(-1)
    return match || !last ? undefined : { container: last.container, message: '' }
  }
}

/** What the container said when it was in that state; undefined if it was not. */
function messageFor({ state, lastState }: ContainerStatus, reason: string): string | undefined {
  const wanted = reason.toLowerCase()
  const states = [lastState.terminated, state.terminated, state.waiting]
  return states.find((one) => one?.reason.toLowerCase() === wanted)?.message
}

function fieldsOf({ namespace, name }: PodFacts, { container, message }: Found): object {
  return {
    Namespace: namespace,
    PodName: name,
    ContainerName: container.name,
    Ready: container.ready,
    RestartCount: container.restartCount,
    Message: message,
  }
}
