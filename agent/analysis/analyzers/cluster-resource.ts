import * as z from 'zod'
import { toYaml } from '../../../core/yaml.ts'
import type { Analyzer, AnalyzeResult } from '../analyzer.ts'
import { compare, words } from '../comparison.ts'
import { COMMON, defineAnalyzer } from '../define.ts'
import type { Report } from '../define.ts'
import { isSame, judgeTruth, valueAt } from '../document-path.ts'
import { gather } from '../gather.ts'
import { rawItems } from '../list-items.ts'
import { judge, Text } from '../outcomes.ts'
import type { Judgement } from '../outcomes.ts'
import { parseQuantity, requireQuantity, UNIT } from '../quantity.ts'
import { parseYamlText } from './document-compare.ts'
import { groupsCheck, wholeCheck } from './text-analyze.ts'

const Config = z.strictObject({
  ...COMMON,
  collectorName: Text,
  kind: Text,
  clusterScoped: z.boolean().nullish(),
  namespace: Text,
  name: Text,
  yamlPath: Text,
  expectedValue: z.union([Text, z.boolean().transform(String)]),
  regex: Text,
  regexGroups: Text,
})
type Config = z.infer<typeof Config>

/** By kind: the folder of the namespaces' lists, or the file of the cluster's. */
const PLACES: Readonly<Record<string, string>> = {
  deployment: 'deployments',
  daemonset: 'daemonsets',
  statefulset: 'statefulsets',
  networkpolicy: 'network-policy',
  pod: 'pods',
  ingress: 'ingress',
  service: 'services',
  resourcequota: 'resource-quota',
  job: 'jobs',
  persistentvolumeclaim: 'pvcs',
  pvc: 'pvcs',
  replicaset: 'replicasets',
  configmap: 'configmaps',
  validatingwebhookconfiguration: 'validating-webhook-configurations.json',
  mutatingwebhookconfiguration: 'mutating-webhook-configurations.json',
  namespace: 'namespaces.json',
  persistentvolume: 'pvs.json',
  pv: 'pvs.json',
  node: 'nodes.json',
  storageclass: 'storage-classes.json',
}

const ICON = { iconKey: 'kubernetes_text_analyze', iconUri: 'https://troubleshoot.sh/images/analyzer-icons/text-analyze.svg' }

/**
 * The value at `yamlPath` of one object: whether it is `expectedValue` or matches `regex` (`when`: `true` or `false`), its
 * `regexGroups` (`when`: `<group> <op> <value>`), or how much it is (`when`: `<op> <quantity>`).
 */
export const clusterResource = defineAnalyzer({
  schema: Config,
  title: ({ collectorName }) => collectorName,
  icon: ICON,
  start: (config, report) => analyzer(config, report),
})

function analyzer(config: Config, report: Report): Analyzer {
  const { kind, name, namespace, clusterScoped } = config
  const place = Object.hasOwn(PLACES, kind.toLowerCase()) ? PLACES[kind.toLowerCase()] : undefined
  const isThere = clusterScoped ? `${kind} ${name}` : `${kind} ${name} in namespace ${namespace}`
  const path =
    place === undefined ? undefined : `cluster-resources/${clusterScoped ? place : `${place}/${namespace || 'default'}.json`}`
  const failed = (message: string) => [report({ verdict: 'fail', message, uri: '' })]
  return gather({
    wants: (candidate) => candidate === path,
    read(_, bytes) {
      for (const item of rawItems(path ?? '', bytes))
        if ((item as { metadata?: { name?: unknown } } | null)?.metadata?.name === name) return { item }
      return undefined
    },
    judge([found]) {
      if (!found) return failed(`${isThere} does not exist`)
      let value: unknown
      try {
        value = valueAt(found.item, config.yamlPath)
      } catch {
        return failed('YAML path provided is invalid')
      }
      return [judgeValue(config, value, report)]
    },
  })
}

const LARGER_ICON = { ...ICON, iconUri: `${ICON.iconUri}?w=13&h=16` }

function judgeValue({ expectedValue, regex, regexGroups, outcomes }: Config, value: unknown, report: Report): AnalyzeResult {
  const iconed = (judgement: Judgement) => report(judgement, judgement.message === 'Invalid analyzer' ? ICON : LARGER_ICON)
  if (expectedValue !== '') return iconed(judgeTruth(outcomes, isSame(value, parseYamlText(expectedValue, 'expectedValue'))))
  if (regex !== '') return wholeCheck(regex, outcomes, report)(toYaml(value ?? null))
  if (regexGroups !== '') return groupsCheck(regexGroups, outcomes, report)(toYaml(value ?? null))
  return iconed(judge(outcomes, (when) => holds(when, value)) ?? { verdict: 'fail', message: 'Invalid analyzer', uri: '' })
}

function holds(when: string, value: unknown): boolean {
  const [operator, wanted] = words(when.trim(), 2)
  const actual = Number.isInteger(value)
    ? BigInt(value as number) * UNIT
    : typeof value === 'string'
      ? parseQuantity(value)
      : undefined
  if (actual === undefined) throw new Error(`${JSON.stringify(value)} is no amount`)
  return compare(actual, operator, requireQuantity(wanted))
}
