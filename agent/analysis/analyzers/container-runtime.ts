import * as z from 'zod'
import { words } from '../comparison.ts'
import { COMMON, defineAnalyzer } from '../define.ts'
import { ofFile } from '../gather.ts'
import { listItems } from '../list-items.ts'
import { Node, NODES_FILE } from '../nodes.ts'
import { judge } from '../outcomes.ts'

/** `when`: `== <runtime>`, of some node. */
export const containerRuntime = defineAnalyzer({
  schema: z.strictObject(COMMON),
  title: () => 'Container Runtime',
  icon: {
    iconKey: 'kubernetes_container_runtime',
    iconUri: 'https://troubleshoot.sh/images/analyzer-icons/container-runtime.svg?w=23&h=16',
  },
  start: ({ outcomes }, report) =>
    ofFile(
      {
        path: NODES_FILE,
        read: (path, bytes) => new Set(Array.from(listItems(path, bytes, Node), runtimeOf)),
        judge: (runtimes) => [report(judge(outcomes, (when) => holds(when, runtimes)))],
      },
      report,
    ),
})

const runtimeOf = ({ status }: Node): string =>
  (/^([^:]*):/.exec(status.nodeInfo.containerRuntimeVersion)?.[1] ?? '').toLowerCase()

function holds(when: string, runtimes: ReadonlySet<string>): boolean {
  const [operator, wanted] = words(when.trim(), 2)
  if (!/^={1,3}$/.test(operator)) throw new Error(`a runtime can only be compared with ==, not "${operator}"`)
  return runtimes.has(wanted)
}
