import * as z from 'zod'
import { compare, words } from '../comparison.ts'
import { COMMON, defineAnalyzer } from '../define.ts'
import { gather, notCollected } from '../gather.ts'
import { branchOf, evaluate, Text } from '../outcomes.ts'
import { listOf, readJson, text } from '../shapes.ts'
import { boundedExec } from '../../go-regexp/bounded.ts'
import { compileGlob } from '../text/glob.ts'
import { compileGoRegexp } from '../../go-regexp/go-regexp.ts'
import { fillTemplate } from '../text/template.ts'

const MATCH_BUDGET_MS = 1000

const Summary = z.object({
  pods: listOf(
    z.object({
      podRef: z.object({ namespace: text }).nullish(),
      volume: listOf(
        z.object({
          usedBytes: z.number().nullish(),
          capacityBytes: z.number().nullish(),
          pvcRef: z.object({ name: text, namespace: text }).nullish(),
        }),
      ),
    }),
  ),
})
type Summary = z.infer<typeof Summary>

interface Usage {
  name: string
  percentage: number
}

/** `when`: `pvcUsedPercentage <op> N` of some volume. Messages are templates of `.PVC.Names` and `.PVC.ConcatenatedNames`. */
export const nodeMetrics = defineAnalyzer({
  schema: z.strictObject({
    ...COMMON,
    collectorName: Text,
    filters: z.strictObject({ pvc: z.strictObject({ nameRegex: Text, namespace: Text }).nullish() }).nullish(),
  }),
  title: ({ collectorName }) => collectorName || 'Node Metrics',
  start({ filters, outcomes }, report) {
    const { nameRegex = '', namespace = '' } = filters?.pvc ?? {}
    const expression = nameRegex === '' ? undefined : compileGoRegexp(nameRegex).regexp
    const isNamed = (name: string) => !expression || boundedExec(expression, name, MATCH_BUDGET_MS) !== null
    return gather({
      wants: compileGlob('node-metrics/*.json'),
      read: (path, bytes) => usagesOf(readJson(path, bytes, Summary), namespace, isNamed),
      judge(nodes) {
        if (nodes.length === 0) return [notCollected(report, 'node-metrics/*.json')]
        for (const outcome of outcomes) {
          const branch = branchOf(outcome)
          if (!branch) continue
          const { when, ...judgement } = branch
          if (when === '') return [report(judgement)]
          const names = namesWhere(when, nodes.flat())
          if (names.length === 0) continue
          const data = { PVC: { Names: names, ConcatenatedNames: names.join(', '), UsedPercentage: 0 } }
          return [report({ ...judgement, message: fillTemplate(judgement.message, data) })]
        }
        return [report(undefined)]
      },
    })
  },
})

function usagesOf({ pods }: Summary, namespace: string, isNamed: (name: string) => boolean): Usage[] {
  return pods
    .filter(({ podRef }) => namespace === '' || podRef?.namespace === namespace)
    .flatMap(({ volume }) => volume)
    .flatMap(({ usedBytes, capacityBytes, pvcRef }) => {
      if (!pvcRef || typeof usedBytes !== 'number' || typeof capacityBytes !== 'number' || !isNamed(pvcRef.name)) return []
      return [{ name: `${pvcRef.namespace}/${pvcRef.name}`, percentage: (usedBytes / capacityBytes) * 100 }]
    })
}

function namesWhere(when: string, usages: readonly Usage[]): string[] {
  const names: string[] = []
  evaluate(when, () => {
    const [subject, operator, wanted] = words(when.trim(), 3)
    if (subject !== 'pvcUsedPercentage') throw new Error(`"${subject}" is unknown; use pvcUsedPercentage`)
    const limit = Number(wanted)
    if (wanted === '' || Number.isNaN(limit)) throw new Error(`"${wanted}" is not a number`)
    for (const { name, percentage } of usages) if (compare(percentage, operator, limit)) names.push(name)
    return true
  })
  return names
}
