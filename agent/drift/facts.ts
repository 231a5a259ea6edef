import type { PackedLists } from './packed-lists.ts'

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

/** `drift.json.gz`: all that a later run is compared with. Of a run that could not see something, that is unknown, not gone. */
export interface Facts {
  run: string
  at: Date
  /** what made the redacted bytes what they are: specs are compared only between runs that mask alike */
  masking: string
  lists: PackedLists
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

/** Whether the run knows what was in a list, be it nothing. The lists must not change meanwhile. */
export function coverageOf({ lists, hasAllNamespaces, custom }: Facts): (folder: string, namespace: string) => boolean {
  const folders = new Set(lists.folders())
  const existing = new Set(lists.names('namespaces', ''))
  const isNamespaceList = hasAllNamespaces && lists.has('namespaces', '')
  const listed = new Set(
    [...folders].filter((folder) => !folder.startsWith(CUSTOM_FOLDER)).flatMap((one) => lists.namespaces(one)),
  )

  const isLookedFor = (kind: string, namespace: string) => {
    const isFailed = custom.failed.has(kind) || custom.failed.has(`${kind}/${namespace}`)
    return custom.isWhole && !isFailed && folders.has('custom-resource-definitions')
  }
  /** A namespace that was not there had nothing in it. */
  const isGone = (namespace: string) => namespace !== '' && isNamespaceList && !existing.has(`Namespace/${namespace}`)

  return (folder, namespace) => {
    if (lists.has(folder, namespace)) return true
    if (!folder.startsWith(CUSTOM_FOLDER)) return folders.has(folder) && isGone(namespace)
    if (!isLookedFor(folder.slice(CUSTOM_FOLDER.length), namespace)) return false
    return isGone(namespace) || listed.has(namespace)
  }
}
