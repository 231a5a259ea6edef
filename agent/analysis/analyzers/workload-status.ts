import * as z from 'zod'
import type { AnalyzeResult } from '../analyzer.ts'
import { compare, wholeNumber, words } from '../comparison.ts'
import { COMMON, defineAnalyzer } from '../define.ts'
import type { AnalyzerKind, Icon, Report } from '../define.ts'
import { gather, namespaceFiles, notCollected } from '../gather.ts'
import { parseSelector } from '../label-selector.ts'
import { listItems } from '../list-items.ts'
import { branchOf, judge, Text } from '../outcomes.ts'
import type { Judgement, Outcome } from '../outcomes.ts'
import { count, Meta } from '../shapes.ts'

const Config = z.strictObject({
  ...COMMON,
  name: Text,
  namespace: Text,
  namespaces: z.array(Text).nullish(),
  selector: z.array(Text).nullish(),
})
type Config = z.infer<typeof Config>

const Workload = z.object({
  metadata: Meta,
  spec: z.object({ replicas: z.number().nullish(), completions: z.number().nullish() }).nullish(),
  status: z
    .object({ replicas: count, readyReplicas: count, availableReplicas: count, succeeded: count, failed: count })
    .nullish()
    .transform((status) => status ?? { replicas: 0, readyReplicas: 0, availableReplicas: 0, succeeded: 0, failed: 0 }),
})
type Workload = z.infer<typeof Workload>

const DEPLOYMENT_ICON: Icon = {
  iconKey: 'kubernetes_deployment_status',
  iconUri: 'https://troubleshoot.sh/images/analyzer-icons/deployment-status.svg?w=17&h=17',
}
const STATEFULSET_ICON: Icon = {
  iconKey: 'kubernetes_statefulset_status',
  iconUri: 'https://troubleshoot.sh/images/analyzer-icons/statefulset-status.svg?w=23&h=14',
}

interface Kind {
  /** in titles */
  label: string
  /** in messages */
  word: string
  folder: string
  icon: Icon
  /** what is wrong with it, for objects that no outcome judges; undefined = nothing */
  trouble: (workload: Workload, name: string) => string | undefined
  judgeOne: (outcomes: readonly Outcome[], workload: Workload) => Judgement | undefined
  /** of an object that is not there */
  judgeAbsent: (outcomes: readonly Outcome[], message: string) => Judgement | undefined
  /** an analyzer that names none judges each by its outcomes, if it has some */
  hasOutcomesForAll?: boolean
  /** named, but without outcomes: only what is wrong gives a result */
  isSilentWithoutOutcomes: boolean
}

/** Of one named workload, by its outcomes; without a name, of each workload of the namespaces that is not as it should be. */
function workloadStatus(kind: Kind): AnalyzerKind {
  return defineAnalyzer({
    schema: Config,
    title: ({ namespace, name }) => `${[namespace, name].filter(Boolean).join('/')} ${kind.label} Status`.trimStart(),
    icon: kind.icon,
    start(config, report) {
      const { name, namespace } = config
      const namespaces = name === '' ? [namespace, ...(config.namespaces ?? [])] : [namespace]
      const isSelected = parseSelector((config.selector ?? []).join(','))
      const isWanted = name === '' ? isSelected : () => true
      if (name !== '' && namespace === '') throw new Error('a name needs a namespace')
      const isFile = namespaceFiles(`cluster-resources/${kind.folder}`, namespaces)
      return gather({
        wants: isFile,
        read: (path, bytes) => resultsOf(kind, config, report, isWanted, listItems(path, bytes, Workload)),
        judge: (results) =>
          results.length > 0
            ? results.flat()
            : [notCollected(report, `cluster-resources/${kind.folder}/${namespace || '*'}.json`)],
      })
    },
  })
}

function resultsOf(
  kind: Kind,
  config: Config,
  report: Report,
  isWanted: (labels: Record<string, string>) => boolean,
  all: Iterable<Workload>,
): AnalyzeResult[] {
  const { name, outcomes } = config
  const results: AnalyzeResult[] = []
  let isThere = false
  for (const workload of all) {
    const { metadata } = workload
    if (name === '' ? !isWanted(metadata.labels) : metadata.name !== name) continue
    isThere = true
    const isJudged =
      name === '' ? kind.hasOutcomesForAll === true && outcomes.length > 0 : outcomes.length > 0 || !kind.isSilentWithoutOutcomes
    if (isJudged) results.push({ ...report(kind.judgeOne(outcomes, workload)), title: `${metadata.name} Status` })
    else results.push(...troubleOf(kind, report, workload))
    if (name !== '') break
  }
  if (name === '' || isThere) return results
  const message = `The ${kind.word} ${JSON.stringify(name)} was not found`
  const title = kind.isSilentWithoutOutcomes && kind.word !== 'statefulset' ? `${name} ${kind.label} Status` : `${name} Status`
  return [{ ...report(kind.judgeAbsent(outcomes, message)), title }]
}

function troubleOf(kind: Kind, report: Report, workload: Workload): AnalyzeResult[] {
  const { namespace, name } = workload.metadata
  const message = kind.trouble(workload, `${kind.word} ${namespace}/${name}`)
  if (message === undefined) return []
  return [{ ...report({ verdict: 'fail', message, uri: '' }), title: `${namespace}/${name} ${kind.label} Status` }]
}

/** `when`: `absent`, or `<op> N` on ready replicas. */
const judgeReplicas = (outcomes: readonly Outcome[], { status }: Workload) =>
  judge(outcomes, (when) => {
    if (when === 'absent') return false
    const [operator, wanted] = words(when.trim(), 2)
    return compare(BigInt(status.readyReplicas), operator, wholeNumber(wanted))
  })

/** The first outcome decides: what is absent fails unless it asks for just that. */
function judgeAbsentByFirst(outcomes: readonly Outcome[], message: string): Judgement | undefined {
  for (const outcome of outcomes) {
    const branch = branchOf(outcome)
    if (!branch) continue
    const { when, ...judgement } = branch
    return when === 'absent' ? judgement : { verdict: 'fail', message, uri: branch.uri }
  }
  return outcomes.length === 0 ? { verdict: 'fail', message, uri: '' } : undefined
}

const alwaysFail = (_: readonly Outcome[], message: string): Judgement => ({ verdict: 'fail', message, uri: '' })

/** `when`: `<subject> <op> N`. */
const judgeCounts =
  (subjects: Readonly<Record<string, (status: Workload['status']) => number>>) =>
  (outcomes: readonly Outcome[], { status }: Workload): Judgement | undefined =>
    judge(outcomes, (when) => {
      const [subject, operator, wanted] = words(when.trim(), 3)
      const actual = Object.hasOwn(subjects, subject) ? subjects[subject] : undefined
      if (!actual) throw new Error(`"${subject}" is unknown; use ${Object.keys(subjects).join(' or ')}`)
      return compare(BigInt(actual(status)), operator, wholeNumber(wanted))
    })

const replicasOf = (name: string, { readyReplicas, replicas }: Workload['status']) =>
  `The ${name} has ${readyReplicas}/${replicas} replicas`

export const deploymentStatus = workloadStatus({
  label: 'Deployment',
  word: 'deployment',
  folder: 'deployments',
  icon: DEPLOYMENT_ICON,
  trouble: ({ status }, name) => (status.replicas === status.availableReplicas ? undefined : replicasOf(name, status)),
  judgeOne: judgeReplicas,
  judgeAbsent: judgeAbsentByFirst,
  isSilentWithoutOutcomes: false,
})

export const statefulsetStatus = workloadStatus({
  label: 'Statefulset',
  word: 'statefulset',
  folder: 'statefulsets',
  icon: STATEFULSET_ICON,
  trouble: ({ status }, name) => (status.replicas === status.readyReplicas ? undefined : replicasOf(name, status)),
  judgeOne: judgeReplicas,
  judgeAbsent: judgeAbsentByFirst,
  isSilentWithoutOutcomes: true,
})

export const replicasetStatus = workloadStatus({
  label: 'ReplicaSet',
  word: 'replicaset',
  folder: 'replicasets',
  icon: DEPLOYMENT_ICON,
  trouble: ({ spec, status }, name) =>
    (spec?.replicas ?? 1) === status.availableReplicas ? undefined : `The ${name} is not ready`,
  judgeOne: judgeCounts({ ready: ({ readyReplicas }) => readyReplicas, available: ({ availableReplicas }) => availableReplicas }),
  judgeAbsent: alwaysFail,
  hasOutcomesForAll: true,
  isSilentWithoutOutcomes: true,
})

export const jobStatus = workloadStatus({
  label: 'Job',
  word: 'job',
  folder: 'jobs',
  icon: DEPLOYMENT_ICON,
  trouble({ spec, status }, name) {
    const wanted = spec?.completions ?? undefined
    const isComplete = wanted === undefined ? status.succeeded > 1 : status.succeeded === wanted
    return isComplete || status.failed === 0 ? undefined : `The ${name} is not complete`
  },
  judgeOne: judgeCounts({ succeeded: ({ succeeded }) => succeeded, failed: ({ failed }) => failed }),
  judgeAbsent: alwaysFail,
  isSilentWithoutOutcomes: true,
})
