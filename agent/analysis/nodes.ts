import * as z from 'zod'
import { listOf, Meta, text } from './shapes.ts'

/** The file that everything about nodes is read from. */
export const NODES_FILE = 'cluster-resources/nodes.json'

const quantities = z
  .record(z.string(), z.union([z.string(), z.number()]))
  .nullish()
  .transform((all) => new Map(Object.entries(all ?? {}).map(([name, amount]) => [name, String(amount)])))

export const Node = z.object({
  metadata: Meta,
  spec: z
    .object({ providerID: text, taints: listOf(z.object({ key: text, effect: text })) })
    .nullish()
    .transform((spec) => spec ?? { providerID: '', taints: [] }),
  status: z.object({
    capacity: quantities,
    allocatable: quantities,
    conditions: listOf(z.object({ type: text, status: text })),
    nodeInfo: z
      .object({ architecture: text, containerRuntimeVersion: text, osImage: text })
      .nullish()
      .transform((info) => info ?? { architecture: '', containerRuntimeVersion: '', osImage: '' }),
  }),
})
export type Node = z.infer<typeof Node>
