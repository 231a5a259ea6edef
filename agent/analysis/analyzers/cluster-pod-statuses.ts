import * as z from 'zod'
import type { Analyzer, AnalyzeResult } from '../analyzer.ts'
import { words } from '../comparison.ts'
import { COMMON, defineAnalyzer } from '../define.ts'
import type { Report } from '../define.ts'
import { namespaceFiles, notCollected } from '../gather.ts'
import { listItems, rawItems } from '../list-items.ts'
import { branchOf, evaluate, Text } from '../outcomes.ts'
import type { Judgement } from '../outcomes.ts'
import { isUnhealthy, Pod, podState } from '../pod-state.ts'
import type { PodState } from '../pod-state.ts'
import { fit, text } from '../shapes.ts'
import { GoStruct } from '../text/go-value.ts'
import { fillTemplate, templateProblem } from '../text/template.ts'

const Config = z.strictObject({ ...COMMON, namespaces: z.array(Text).nullish() })
type Config = z.infer<typeof Config>

const Event = z.object({
  type: text,
  message: text,
  involvedObject: z.object({ kind: text, namespace: text, name: text }).nullish(),
})

const TITLE = 'Pod {{ .Namespace }}/{{ .Name }} status'
const MESSAGE = `Pod {{ .Namespace }}/{{ .Name }} status is {{ .Status.Reason }}. Message is: {{ .Status.Message }}`

/**
 * `when`: `== Healthy`, `!= Healthy`, or `<op> <reason or phase>`; absent = always. Of each pod the first outcome that
 * applies gives a result. Titles and messages are templates of the pod; a pod that says nothing itself has the messages of
 * its warning events.
 */
export const clusterPodStatuses = defineAnalyzer({
  schema: Config,
  title: () => 'Cluster Pod Statuses',
  notes: ({ outcomes, checkName }) =>
    [checkName, ...outcomes.map((outcome) => branchOf(outcome)?.message ?? '')].flatMap((template) => {
      const problem = templateProblem(template)
      return problem === undefined ? [] : [`"${template}" cannot be filled and is shown as it is: ${problem}`]
    }),
  start: (config, report) => new PodStatuses(config, report),
})

/** A result that waits for events: its pod said nothing about itself. */
type Waiting = (events: string) => AnalyzeResult

class PodStatuses implements Analyzer {
  readonly #config: Config
  readonly #report: Report
  readonly #isPods: (path: string) => boolean
  readonly #isEvents: (path: string) => boolean
  readonly #found = new Map<string, { key: string; result: AnalyzeResult | Waiting }[]>()
  readonly #events = new Map<string, string[]>()

  constructor(config: Config, report: Report) {
    const namespaces = config.namespaces ?? []
    this.#config = config
    this.#report = report
    this.#isPods = namespaceFiles('cluster-resources/pods', namespaces)
    const saysMessage = [config.checkName, ...config.outcomes.map((one) => branchOf(one)?.message || MESSAGE)].some((one) =>
      one.includes('.Status'),
    )
    this.#isEvents = saysMessage ? namespaceFiles('cluster-resources/events', namespaces) : () => false
  }

  wants(path: string): boolean {
    return this.#isPods(path) || this.#isEvents(path)
  }

  file(path: string, bytes: Uint8Array): void {
    if (this.#isEvents(path)) return this.#takeEvents(path, bytes)
    const found: { key: string; result: AnalyzeResult | Waiting }[] = []
    for (const raw of rawItems(path, bytes)) {
      const pod = fit(path, raw, Pod)
      const own = pod.status.reason === '' ? podState(pod) : { reason: pod.status.reason, message: pod.status.message }
      const judgement = this.#judge(pod, own)
      if (judgement)
        found.push({ key: `${pod.metadata.namespace}/${pod.metadata.name}`, result: this.#result(raw, pod, own, judgement) })
    }
    this.#found.set(path, found)
  }

  finish(): AnalyzeResult[] {
    if (this.#found.size === 0) return [notCollected(this.#report, 'cluster-resources/pods/*.json')]
    const sorted = [...this.#found].sort(([a], [b]) => (a < b ? -1 : 1))
    return sorted.flatMap(([, found]) =>
      found.map(({ key, result }) => (typeof result === 'function' ? result((this.#events.get(key) ?? []).join('. ')) : result)),
    )
  }

  #takeEvents(path: string, bytes: Uint8Array): void {
    for (const { type, message, involvedObject } of listItems(path, bytes, Event)) {
      if (type !== 'Warning' || message === '' || involvedObject?.kind !== 'Pod') continue
      const key = `${involvedObject.namespace}/${involvedObject.name}`
      this.#events.set(key, [...(this.#events.get(key) ?? []), message])
    }
  }

  #judge(pod: Pod, { reason }: PodState): Judgement | undefined {
    for (const outcome of this.#config.outcomes) {
      const branch = branchOf(outcome)
      if (!branch) continue
      const { when, ...judgement } = branch
      if (when === '' || evaluate(when, (condition) => podHolds(condition, pod, reason))) return judgement
    }
    return undefined
  }

  /** Made at once where nothing is missing, so that pods are not kept. */
  #result(raw: unknown, pod: Pod, own: PodState, judgement: Judgement): AnalyzeResult | Waiting {
    const { namespace, name } = pod.metadata
    const report = this.#report
    const title = this.#config.checkName || TITLE
    const fill = (message: string): AnalyzeResult => {
      const status = { ...(raw as { status?: object }).status, reason: own.reason, message: message || 'None' }
      const data = new GoStruct({ ...(raw as object), status })
      return {
        ...report({ ...judgement, message: fillTemplate(judgement.message || MESSAGE, data).trim() }),
        title: fillTemplate(title, data),
        involvedObject: { kind: 'Pod', namespace, name, apiVersion: 'v1' },
      }
    }
    const isWaiting = own.message === '' && `${title}${judgement.message || MESSAGE}`.includes('.Status')
    return isWaiting ? fill : fill(own.message)
  }
}

function podHolds(when: string, pod: Pod, reason: string): boolean {
  const [operator, wanted] = words(when.trim(), 2)
  if (!/^(?:={1,3}|!==?)$/.test(operator)) throw new Error(`unknown operator "${operator}"; known are = == === != !==`)
  const isSo = wanted === 'Healthy' ? !isUnhealthy(pod) : wanted === pod.status.phase || wanted === reason
  return isSo !== operator.startsWith('!')
}
