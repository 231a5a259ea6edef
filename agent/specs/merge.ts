import { emptyLists, isRecord, LISTS } from './document.ts'
import type { Entry, MergedSpec, SpecDocument, SpecProblem } from './document.ts'

/**
 * What a merge is for. As in the peer, an Analyzer document says how to judge a bundle that exists (`analyze`); it has no
 * part in collecting one (`collect`).
 */
export type Purpose = 'collect' | 'analyze'

/**
 * Makes one plan of all documents. Lists are concatenated in the order of the documents and freed of exact repetitions.
 * Collectors are grouped by key in the order in which the keys first appear, with one clusterResources first (before
 * collectors create pods) and `copy` last. Hosts come before the cluster: the two are separate lists.
 */
export function mergeSpecs(documents: readonly SpecDocument[], purpose: Purpose = 'collect'): MergedSpec {
  const merged = emptyLists()
  for (const document of documents) {
    if (purpose === 'collect' && document.kind === 'Analyzer') continue
    for (const list of LISTS) merged[list].push(...document[list])
  }
  for (const list of LISTS) merged[list] = withoutRepetitions(merged[list])
  merged.collectors = inRunningOrder(merged.collectors)
  return merged
}

/** The redactors of all Redactor documents, in the order of the documents; exact repetitions count once. */
export function redactorsOf(documents: readonly SpecDocument[]): Record<string, unknown>[] {
  const first = new Map<string, Record<string, unknown>>()
  for (const redactor of documents.flatMap(({ redactors }) => redactors)) {
    const identity = canonicalJson(redactor)
    if (!first.has(identity)) first.set(identity, redactor)
  }
  return [...first.values()]
}

/** Warns of documents that a collection leaves out, so that nothing vanishes in silence. */
export function unusedInCollection(documents: readonly SpecDocument[]): SpecProblem[] {
  return documents
    .filter(({ kind }) => kind === 'Analyzer')
    .map(({ source, line }) => ({
      code: 'SPEC_KIND_UNUSED',
      severity: 'warning',
      message:
        'an Analyzer document is used by "analyze" only; put analyzers into a SupportBundle document to have them in a run',
      source,
      line,
    }))
}

/** Adds clusterInfo and clusterResources, as the peer does unless a spec has an entry of that key (even an excluded one) or looks at the host only. */
export function withClusterDefaults(merged: MergedSpec): MergedSpec {
  if (merged.hostCollectors.length > 0 && merged.collectors.length === 0) return merged
  const missing = ['clusterInfo', 'clusterResources'].filter((key) => !merged.collectors.some((entry) => entry.key === key))
  const added = missing.map((key): Entry => ({ key, config: {}, isExcluded: false, source: 'added by default' }))
  return { ...merged, collectors: inRunningOrder([...merged.collectors, ...added]) }
}

function withoutRepetitions(entries: Entry[]): Entry[] {
  const first = new Map<string, Entry>()
  for (const entry of entries) {
    const identity = `${entry.key} ${canonicalJson(entry.config)}`
    if (!first.has(identity)) first.set(identity, entry)
  }
  return [...first.values()]
}

/** JSON with sorted keys: two entries that say the same in another order are the same. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    isRecord(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  )
}

function inRunningOrder(entries: Entry[]): Entry[] {
  const groups = new Map<string, Entry[]>()
  for (const entry of entries) {
    const group = groups.get(entry.key)
    if (group) group.push(entry)
    else groups.set(entry.key, [entry])
  }
  const take = (key: string) => {
    const group = groups.get(key) ?? []
    groups.delete(key)
    return group
  }
  const first = mergeClusterResources(take('clusterResources'))
  const last = take('copy')
  return [...first, ...[...groups.values()].flat(), ...last]
}

/** One listing of the cluster for all who ask: the union of their namespaces, and all of them as soon as one names none. */
function mergeClusterResources(entries: Entry[]): Entry[] {
  const asked = entries.filter(({ isExcluded }) => !isExcluded)
  const [first] = asked
  if (!first || asked.length === 1) return entries
  const wanted = asked.map(({ config }) => (Array.isArray(config['namespaces']) ? (config['namespaces'] as unknown[]) : []))
  const { namespaces: _, ...config } = Object.assign({}, ...asked.toReversed().map((entry) => entry.config)) as Record<
    string,
    unknown
  >
  const ignoresRbac = asked.some((entry) => entry.config['ignoreRBAC'] === true)
  const merged = {
    ...config,
    ...(ignoresRbac ? { ignoreRBAC: true } : {}),
    ...(wanted.some((list) => list.length === 0) ? {} : { namespaces: [...new Set(wanted.flat())] }),
  }
  return [{ ...first, config: merged }, ...entries.filter(({ isExcluded }) => isExcluded)]
}
