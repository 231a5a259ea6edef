import * as z from 'zod'
import { compare } from '../comparison.ts'
import { COMMON, defineAnalyzer } from '../define.ts'
import { ofFile } from '../gather.ts'
import { listItems } from '../list-items.ts'
import { AMOUNTS, compileNodeFilters, NodeFilters } from '../node-filters.ts'
import { Node, NODES_FILE } from '../nodes.ts'
import { branchOf, judge } from '../outcomes.ts'
import { requireQuantity, UNIT } from '../quantity.ts'
import { GoStruct } from '../text/go-value.ts'
import { fillTemplate, templateProblem } from '../text/template.ts'

const Config = z.strictObject({
  ...COMMON,
  filters: NodeFilters.nullish(),
  ignoreIfNoFiles: z.boolean().nullish(),
})

/**
 * `when`: `<subject> <op> <quantity>` on the nodes that pass the filters. Subjects are `count()`, which is meant if there
 * is none, `countDistinct(label)`, `min(amount)`, `max(amount)` and `sum(amount)`; or `nodeCondition(type) == <status>` of
 * some node. Messages are templates of the filters and NodeCount.
 */
export const nodeResources = defineAnalyzer({
  schema: Config,
  title: () => 'Node Resources',
  icon: {
    iconKey: 'kubernetes_node_resources',
    iconUri: 'https://troubleshoot.sh/images/analyzer-icons/node-resources.svg?w=16&h=18',
  },
  notes: ({ outcomes }) =>
    outcomes.flatMap((outcome) => {
      const message = branchOf(outcome)?.message ?? ''
      const problem = templateProblem(message)
      return problem === undefined ? [] : [`the message "${message}" cannot be filled and is shown as it is: ${problem}`]
    }),
  start({ filters, outcomes, ignoreIfNoFiles }, report) {
    const passes = compileNodeFilters(filters ?? {})
    const none = 'No node resources were collected, unable to analyze node resources'
    return ofFile(
      {
        path: NODES_FILE,
        read: (path, bytes) => [...listItems(path, bytes, Node)].filter(passes),
        judge(nodes) {
          const judgement = judge(outcomes, (when) => holds(when, nodes, filters?.resourceName ?? ''))
          const data = new GoStruct({ ...filters, nodeCount: nodes.length })
          return [report(judgement && { ...judgement, message: fillTemplate(judgement.message, data) })]
        },
        ifMissing: () => (ignoreIfNoFiles ? [] : [report({ verdict: 'warn', message: none, uri: '' })]),
      },
      report,
    )
  },
})

function holds(when: string, nodes: readonly Node[], resource: string): boolean {
  const parts = when.trim().split(/\s+/)
  const [subject = '', operator = '', wanted = ''] = parts.length === 2 ? ['count()', ...parts] : parts
  if (parts.length !== 2 && parts.length !== 3) throw new Error(`it must have 2 or 3 words, not ${parts.length}`)
  const [, name = 'count', property = ''] = /^(.*)\((.*)\)/.exec(subject) ?? []
  if (name === 'nodeCondition') return hasCondition(nodes, property, operator, wanted)
  const measure = Object.hasOwn(MEASURES, name) ? MEASURES[name] : undefined
  if (!measure) throw new Error(`"${name}" is unknown; use ${Object.keys(MEASURES).join(', ')} or nodeCondition`)
  const actual = measure(nodes, property, resource)
  if (actual === undefined) throw new Error(`no node has a value for ${property}`)
  return compare(actual, operator, requireQuantity(wanted))
}

type Measure = (nodes: readonly Node[], property: string, resource: string) => bigint | undefined

const MEASURES: Readonly<Record<string, Measure>> = {
  count: ({ length }) => BigInt(length) * UNIT,
  countDistinct: (nodes, label) => {
    const values = nodes.map(({ metadata }) => metadata.labels[label]).filter((value) => value !== undefined)
    return BigInt(new Set(values).size) * UNIT
  },
  min: (nodes, property, resource) =>
    amounts(nodes, property, resource).reduce<bigint | undefined>((a, b) => (a === undefined || b < a ? b : a), undefined),
  max: (nodes, property, resource) =>
    amounts(nodes, property, resource).reduce<bigint | undefined>((a, b) => (a === undefined || b > a ? b : a), undefined),
  sum: (nodes, property, resource) => amounts(nodes, property, resource).reduce((a, b) => a + b, 0n),
}

function amounts(nodes: readonly Node[], property: string, resource: string): bigint[] {
  const amount = Object.hasOwn(AMOUNTS, property) ? AMOUNTS[property] : undefined
  if (!amount) throw new Error(`"${property}" is unknown; use ${Object.keys(AMOUNTS).join(', ')}`)
  return nodes.map((node) => amount(node, resource)).filter((one) => one !== undefined)
}

function hasCondition(nodes: readonly Node[], type: string, operator: string, status: string): boolean {
  if (!operator.includes('=')) throw new Error('nodeCondition can only be compared with =')
  if (type === '') throw new Error('nodeCondition needs a type, like nodeCondition(Ready)')
  return nodes.some((node) => node.status.conditions.some((one) => one.type === type && one.status === status))
}
