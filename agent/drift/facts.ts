/** What is known of one object; small, so that those of a whole cluster can be kept from run to run. */
export interface ObjectFacts {
  uid: string
  /** hash of all that someone wants of it: its spec or what stands for one, labels, annotations */
  spec: string
  images?: string[]
  /** replicas asked for; of an owner of another kind, the pods that it has */
  replicas?: number
  ready?: number
  /** phase, and conditions that tell whether it works */
  state?: string
  /** of all its containers, or those of its pods */
  restarts?: number
}

/** Objects by `Kind/name`. */
export type ObjectsByName = Map<string, ObjectFacts>
/** One kind's lists, by namespace; '' for a kind of the whole cluster. An empty list was listed, a missing one was not. */
export type ListsByNamespace = Map<string, ObjectsByName>

/** `drift.json.gz`: all that a later run is compared with. Of a run that could not see something, that is unknown, not gone. */
export interface Facts {
  run: string
  at: Date
  /** what made the redacted bytes what they are: specs are compared only between runs that mask alike */
  masking: string
  /** by folder below `cluster-resources/` */
  lists: Map<string, ListsByNamespace>
  /** the cluster was asked which namespaces there are: one that is not among them is empty */
  hasAllNamespaces: boolean
  /** kinds of custom resources without any object have no file: this tells those that were looked for */
  custom: {
    /** all kinds were gone through to the end */
    isWhole: boolean
    /** `plural.group` or `plural.group/namespace` that could not be listed */
    failed: ReadonlySet<string>
  }
  /** by title; undefined when nothing was analyzed */
  verdicts: ReadonlyMap<string, string> | undefined
}

export const CUSTOM_FOLDER = 'custom-resources/'

/** Whether the run knows what was in this list, be it nothing. */
export function covers(facts: Facts, folder: string, namespace: string): boolean {
  const lists = facts.lists.get(folder)
  if (lists?.has(namespace)) return true
  const isCustom = folder.startsWith(CUSTOM_FOLDER)
  if (!isCustom && !lists) return false
  if (isCustom && !isLookedFor(facts, folder.slice(CUSTOM_FOLDER.length), namespace)) return false
  return hasNoNamespace(facts, namespace) || (isCustom && (namespace === '' || isListedAtAll(facts, namespace)))
}

function isLookedFor({ custom, lists }: Facts, kind: string, namespace: string): boolean {
  const isFailed = custom.failed.has(kind) || custom.failed.has(`${kind}/${namespace}`)
  return custom.isWhole && !isFailed && lists.has('custom-resource-definitions')
}

/** A namespace that was not there had nothing in it. */
const hasNoNamespace = ({ hasAllNamespaces, lists }: Facts, namespace: string): boolean =>
  namespace !== '' && hasAllNamespaces && lists.get('namespaces')?.get('')?.has(`Namespace/${namespace}`) === false

function isListedAtAll({ lists }: Facts, namespace: string): boolean {
  return [...lists].some(([folder, all]) => !folder.startsWith(CUSTOM_FOLDER) && all.has(namespace))
}

/** The objects of a list, made if it is not there. */
export function listOf(lists: Facts['lists'], folder: string, namespace: string): ObjectsByName {
  const all = lists.get(folder) ?? new Map<string, ObjectsByName>()
  lists.set(folder, all)
  const list = all.get(namespace) ?? new Map<string, ObjectFacts>()
  all.set(namespace, list)
  return list
}
