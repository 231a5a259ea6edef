/** A node as far as pods are placed by it. */
export interface NodePlace {
  name: string
  labels: Record<string, string>
  isReady: boolean
}

/** What of a node's object says so. */
export function nodePlace(json: Record<string, unknown>): NodePlace {
  const { metadata = {}, status = {} } = json as {
    metadata?: { name?: string; labels?: Record<string, string> }
    status?: { conditions?: { type?: string; status?: string }[] }
  }
  const isReady = status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false
  return { name: metadata.name ?? '', labels: metadata.labels ?? {}, isReady }
}

interface Requirement {
  key?: string
  operator?: string
  values?: string[]
}
interface Term {
  matchExpressions?: Requirement[]
  matchFields?: Requirement[]
}
interface PlacedSpec {
  nodeSelector?: Record<string, string>
  nodeName?: string
  affinity?: { nodeAffinity?: { requiredDuringSchedulingIgnoredDuringExecution?: { nodeSelectorTerms?: Term[] } } }
}

const OPERATORS: Readonly<Record<string, (value: string | undefined, values: string[]) => boolean>> = {
  In: (value, values) => value !== undefined && values.includes(value),
  NotIn: (value, values) => value === undefined || !values.includes(value),
  Exists: (value) => value !== undefined,
  DoesNotExist: (value) => value === undefined,
  Gt: (value, [bound]) => Number(value) > Number(bound),
  Lt: (value, [bound]) => Number(value) < Number(bound),
}

/** Whether a pod of this spec is meant for a node: a DaemonSet has a pod on all such nodes. */
export function isMeantFor(spec: Record<string, unknown>, { name, labels }: NodePlace): boolean {
  const { nodeSelector = {}, nodeName = name, affinity } = spec as PlacedSpec
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  const holds = (of: Record<string, string>, { key = '', operator = '', values = [] }: Requirement) =>
    OPERATORS[operator]?.(of[key], values) ?? false
  const fits = ({ matchExpressions = [], matchFields = [] }: Term) =>
    matchExpressions.every((one) => holds(labels, one)) && matchFields.every((one) => holds({ 'metadata.name': name }, one))
  const isSelected = Object.entries(nodeSelector).every(([key, value]) => labels[key] === value)
  return nodeName === name && isSelected && (terms?.some(fits) ?? true)
}

/** The spec of a pod that runs on this node and on no other, whatever keeps others off it. The scheduler still places it. */
export function placedOn(spec: Record<string, unknown>, { name }: NodePlace): Record<string, unknown> {
  const { affinity = {}, nodeName: _, ...rest } = spec as PlacedSpec
  const required = affinity.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const here: Requirement = { key: 'metadata.name', operator: 'In', values: [name] }
  const terms = (required?.nodeSelectorTerms ?? [{}]).map((term) => ({
    ...term,
    matchFields: [...(term.matchFields ?? []), here],
  }))
  return {
    ...rest,
    affinity: {
      ...affinity,
      nodeAffinity: { ...affinity.nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } },
    },
    tolerations: [{ operator: 'Exists' }],
  }
}
