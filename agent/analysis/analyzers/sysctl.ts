import * as z from 'zod'
import { compare, wholeNumber } from '../comparison.ts'
import { COMMON, defineAnalyzer } from '../define.ts'
import { gather, notCollected } from '../gather.ts'
import { jsonFileAnalyzer } from '../json-file.ts'
import { branchOf, evaluate } from '../outcomes.ts'
import { compileGlob } from '../text/glob.ts'

type Parameters = ReadonlyMap<string, string>

interface Condition {
  parameter: string
  operator: string
  wanted: string
}

function readCondition(when: string): Condition {
  const [, parameter, operator, wanted] = /(\S+)\s+([><=]=*)\s+(.+)/.exec(when) ?? []
  if (parameter === undefined || operator === undefined || wanted === undefined)
    throw new Error('it must be like "net.ipv4.ip_forward == 1"')
  return { parameter, operator, wanted: wanted.trim() }
}

/** Equal texts; or an order of whole numbers. */
function holds({ operator, wanted }: Condition, actual: string): boolean {
  if (/^={1,3}$/.test(operator)) return actual === wanted
  return compare(wholeNumber(actual), operator, wholeNumber(wanted))
}

/** `when`: `<parameter> <op> <value>`, of some node; messages begin with the nodes that it holds for. */
export const sysctl = defineAnalyzer({
  schema: z.strictObject(COMMON),
  title: () => 'Sysctl',
  start: ({ outcomes }, report) =>
    gather({
      wants: compileGlob('sysctl/*'),
      read: (_, bytes) => readParameters(new TextDecoder().decode(bytes)),
      judge(nodes, paths) {
        if (nodes.length === 0) return [notCollected(report, 'sysctl/*')]
        for (const outcome of outcomes) {
          const branch = branchOf(outcome)
          if (!branch) continue
          const { when, ...judgement } = branch
          if (when === '') return [report({ ...judgement, uri: '' })]
          const names = nodesWhere(when, nodes, paths)
          if (names.length === 0) continue
          const message = `${names.length === 1 ? 'Node' : 'Nodes'} ${names.join(', ')}: ${judgement.message}`
          return [report({ ...judgement, message })]
        }
        return [report(undefined)]
      },
    }),
})

function nodesWhere(when: string, nodes: readonly Parameters[], paths: readonly string[]): string[] {
  const names: string[] = []
  evaluate(when, () => {
    const condition = readCondition(when)
    for (const [index, parameters] of nodes.entries()) {
      const actual = parameters.get(condition.parameter)
      if (actual !== undefined && holds(condition, actual)) names.push(paths[index]?.replace('sysctl/', '') ?? '')
    }
    return true
  })
  return names
}

/** Lines like `/proc/sys/net/ipv4/ip_forward = 1`. */
function readParameters(text: string): Parameters {
  const lines = text.split('\n').map((line) => /^(\S+)\s=\s(.+)/.exec(line))
  return new Map(
    lines.flatMap((found) => (found ? [[found[1]?.replace('/proc/sys/', '').replaceAll('/', '.') ?? '', found[2] ?? '']] : [])),
  )
}

/** `when`: `<parameter> <op> <value>`. */
export const hostSysctl = jsonFileAnalyzer({
  title: () => 'Sysctl',
  path: () => 'host-collectors/system/sysctl.json',
  content: z.record(z.string(), z.string()),
  holds(when, parameters) {
    const condition = readCondition(when)
    const actual = Object.hasOwn(parameters, condition.parameter) ? parameters[condition.parameter] : undefined
    if (actual === undefined) throw new Error(`the kernel parameter ${condition.parameter} was not collected`)
    return holds(condition, actual)
  },
})
