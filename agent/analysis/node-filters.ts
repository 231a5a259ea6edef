import * as z from 'zod'
import { LabelExpression, labelExpression } from './label-selector.ts'
import type { LabelTest } from './label-selector.ts'
import type { Node } from './nodes.ts'
import { Text } from './outcomes.ts'
import { parseQuantity, requireQuantity } from './quantity.ts'

/** What a node must have at least, or be. */
export const NodeFilters = z.strictObject({
  cpuArchitecture: Text,
  cpuCapacity: Text,
  cpuAllocatable: Text,
  memoryCapacity: Text,
  memoryAllocatable: Text,
  podCapacity: Text,
  podAllocatable: Text,
  ephemeralStorageCapacity: Text,
  ephemeralStorageAllocatable: Text,
  resourceName: Text,
  resourceCapacity: Text,
  resourceAllocatable: Text,
  selector: z
    .strictObject({
      matchLabel: z.record(z.string(), Text).nullish(),
      matchExpressions: z.array(LabelExpression).nullish(),
    })
    .nullish(),
  taint: z.strictObject({ key: Text, value: Text, effect: Text, timeAdded: z.unknown().optional() }).nullish(),
})
export type NodeFilters = z.infer<typeof NodeFilters>

type Amount = (node: Node, resource: string) => bigint | undefined

/** A standard resource that a node does not have counts as none of it; any other as unknown. */
const standard =
  (kind: 'capacity' | 'allocatable', name: string): Amount =>
  ({ status }) =>
    quantityOf(status[kind].get(name)) ?? 0n
const quantityOf = (amount: string | undefined): bigint | undefined => (amount === undefined ? undefined : parseQuantity(amount))

const RESOURCES = { cpu: 'cpu', memory: 'memory', pod: 'pods', ephemeralStorage: 'ephemeral-storage' } as const

/** By name, as filters and conditions say it: how much of it a node has, in billionths. */
export const AMOUNTS: Readonly<Record<string, Amount>> = {
  ...Object.fromEntries(
    Object.entries(RESOURCES).flatMap(([name, resource]) => [
      [`${name}Capacity`, standard('capacity', resource)],
      [`${name}Allocatable`, standard('allocatable', resource)],
    ]),
  ),
  resourceCapacity: ({ status }, resource) => quantityOf(status.capacity.get(resource)),
  resourceAllocatable: ({ status }, resource) => quantityOf(status.allocatable.get(resource)),
}

/** Throws for a filter that cannot be read. */
export function compileNodeFilters(filters: Partial<NodeFilters>): (node: Node) => boolean {
  const { resourceName = '', cpuArchitecture = '', taint } = filters
  const isSelected = selectorOf(filters.selector)
  const minimum = (name: keyof NodeFilters): ((node: Node) => boolean) => {
    const wanted = filters[name]
    const amount = AMOUNTS[name]
    if (typeof wanted !== 'string' || wanted === '' || !amount) return () => true
    const least = requireQuantity(wanted)
    return (node) => (amount(node, resourceName) ?? 0n) >= least
  }
  const named = (['resourceCapacity', 'resourceAllocatable'] as const).map(minimum)
  const others = (Object.keys(filters) as (keyof NodeFilters)[]).filter((name) => !name.startsWith('resource')).map(minimum)
  const hasResource = ({ status }: Node) => status.capacity.has(resourceName) || status.allocatable.has(resourceName)
  return (node) => {
    if (resourceName !== '' && !(hasResource(node) && named.every((holds) => holds(node)))) return false
    if (!isSelected(node.metadata.labels)) return false
    // As in the peer, a taint is the last word.
    if (taint) return node.spec.taints.some(({ key, effect }) => key === taint.key && effect === taint.effect)
    const { architecture } = node.status.nodeInfo
    if (cpuArchitecture !== '' && architecture.toLowerCase() !== cpuArchitecture.toLowerCase()) return false
    return others.every((holds) => holds(node))
  }
}

function selectorOf(selector: NodeFilters['selector'] | undefined): LabelTest {
  const equal = Object.entries(selector?.matchLabel ?? {}).map(([key, value]) =>
    labelExpression({ key, operator: 'In', values: [value] }),
  )
  const tests = [...equal, ...(selector?.matchExpressions ?? []).map(labelExpression)]
  return (labels) => tests.every((holds) => holds(labels))
}
