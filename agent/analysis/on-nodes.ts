import type { Analyzer, AnalyzeResult } from './analyzer.ts'

/** Where host collectors that ran on nodes say which nodes there are. */
const NODE_LIST_FILE = 'host-collectors/system/node_list.json'
/** A node's own files: `host-collectors/<node>/system/memory.json`. */
const OF_NODE = /^host-collectors\/(?<node>[^/]+)\/(?<rest>.+)$/

/**
 * Judges a host's files, or those of each node of a cluster when the host has none: results of a node have its name at the end of
 * their title, in the order of the list of nodes. Without that list no folder is a node's.
 *
 * @param create makes the analyzer of one machine, anew each time
 */
export function onNodes(create: () => Analyzer): Analyzer {
  const here = create()
  const nodes = new Map<string, Analyzer>()
  let names: string[] = []
  let isHere = false
  const of = (node: string): Analyzer => {
    const found = nodes.get(node) ?? create()
    nodes.set(node, found)
    return found
  }
  const nodeFile = (path: string): { node: string; path: string } | undefined => {
    const { node, rest } = OF_NODE.exec(path)?.groups ?? {}
    const local = `host-collectors/${rest}`
    return node !== undefined && here.wants(local) ? { node, path: local } : undefined
  }
  return {
    wants: (path) => path === NODE_LIST_FILE || here.wants(path) || nodeFile(path) !== undefined,
    file(path, bytes) {
      if (path === NODE_LIST_FILE) names = readNames(bytes)
      if (here.wants(path)) {
        isHere ||= path !== NODE_LIST_FILE
        here.file(path, bytes)
      }
      const file = nodeFile(path)
      if (file) of(file.node).file(file.path, bytes)
    },
    passedOver(path) {
      const file = nodeFile(path)
      if (file) of(file.node).passedOver?.(file.path)
      else here.passedOver?.(path)
    },
    finish() {
      const found = names.filter((name) => nodes.has(name))
      if (isHere || found.length === 0) return here.finish()
      return names.flatMap((name) =>
        of(name)
          .finish()
          .map((result) => named(result, name)),
      )
    },
  }
}

const named = (result: AnalyzeResult, node: string): AnalyzeResult => ({ ...result, title: `${result.title} - Node ${node}` })

function readNames(bytes: Uint8Array): string[] {
  try {
    const { nodes } = JSON.parse(Buffer.from(bytes).toString()) as { nodes?: unknown }
    return Array.isArray(nodes) ? nodes.filter((name) => typeof name === 'string') : []
  } catch {
    return []
  }
}
