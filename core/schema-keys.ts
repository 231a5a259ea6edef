import * as z from 'zod'

interface Node {
  properties?: Record<string, Node>
  items?: Node
  anyOf?: Node[]
}

/** The keys that may stand at a path of what a schema describes; none where it leaves them open. */
export function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const shapes = (node: Node | undefined): Node[] => (node ? [node, ...(node.anyOf ?? []).flatMap(shapes)] : [])
  let nodes = shapes(z.toJSONSchema(schema, { io: 'input' }) as Node)
  for (const part of path)
    nodes = nodes.flatMap((node) => shapes(typeof part === 'number' ? node.items : node.properties?.[String(part)]))
  return nodes.flatMap((node) => Object.keys(node.properties ?? {}))
}
