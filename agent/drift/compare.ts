import { coverageOf, type Facts, type ObjectFacts, type ObjectsByName } from './facts.ts'

export interface Named {
  kind: string
  /** '' for an object of the whole cluster */
  namespace: string
  name: string
}
/** One fact of an object that is not what it was: `replicas 2 → 3`; of a spec or of an object's making only that it is another. */
export interface Difference {
  fact: string
  from?: string | number
  to?: string | number
}
export interface Changed extends Named {
  differences: Difference[]
}
export interface Flip {
  analyzer: string
  from: string
  to: string
}

/** What is not as it was. Only what both runs know is compared. */
export interface Comparison {
  appeared: Named[]
  gone: Named[]
  changed: Changed[]
  flips: Flip[]
  /** lists that one of the runs knows nothing about, as `folder` or `folder/namespace` */
  unknown: string[]
  /** how many lists and verdicts both know */
  compared: number
  /** the runs mask differently, so that their specs cannot be compared */
  isSpecUnknown: boolean
}

export function compareFacts(before: Facts, now: Facts): Comparison {
  const comparison: Comparison = {
    appeared: [],
    gone: [],
    changed: [],
    flips: [],
    unknown: [],
    compared: 0,
    isSpecUnknown: before.masking !== now.masking,
  }
  const [isKnownBefore, isKnownNow] = [coverageOf(before), coverageOf(now)]
  for (const { folder, namespace } of placesOf(before, now)) {
    if (!isKnownBefore(folder, namespace) || !isKnownNow(folder, namespace)) {
      comparison.unknown.push(namespace === '' ? folder : `${folder}/${namespace}`)
      continue
    }
    comparison.compared++
    compareLists(namespace, before.lists.objects(folder, namespace), now.lists.objects(folder, namespace), comparison)
  }
  compareVerdicts(before, now, comparison)
  for (const list of [comparison.appeared, comparison.gone, comparison.changed]) list.sort(byName)
  return comparison
}

function* placesOf(before: Facts, now: Facts): Generator<{ folder: string; namespace: string }> {
  const folders = new Set([before, now].flatMap(({ lists }) => lists.folders()))
  for (const folder of [...folders].toSorted()) {
    const namespaces = new Set([before, now].flatMap(({ lists }) => lists.namespaces(folder)))
    for (const namespace of [...namespaces].toSorted()) yield { folder, namespace }
  }
}

function compareLists(namespace: string, before: ObjectsByName, now: ObjectsByName, into: Comparison): void {
  for (const [name, facts] of now) {
    const old = before.get(name)
    const named = nameOf(namespace, name)
    if (!old) into.appeared.push(named)
    else {
      const differences = differencesOf(old, facts, into.isSpecUnknown)
      if (differences.length > 0) into.changed.push({ ...named, differences })
    }
  }
  for (const name of before.keys()) if (!now.has(name)) into.gone.push(nameOf(namespace, name))
}

function nameOf(namespace: string, name: string): Named {
  const slash = name.indexOf('/')
  return { kind: name.slice(0, slash), namespace, name: name.slice(slash + 1) }
}

interface Aspect {
  fact: string
  /** undefined = not known, and so not compared */
  of(facts: ObjectFacts): string | number | undefined
  /** the values say something to people */
  isShown: boolean
  isSpec?: boolean
  /** for what may only rise */
  isGrowing?: boolean
}

/** What is compared, in the order in which it is told. */
const ASPECTS: readonly Aspect[] = [
  { fact: 'made anew', of: ({ uid }) => uid || undefined, isShown: false },
  { fact: 'images', of: ({ images }) => images?.join(', '), isShown: true },
  { fact: 'replicas', of: ({ replicas }) => replicas, isShown: true },
  { fact: 'spec', of: ({ spec }) => spec || undefined, isShown: false, isSpec: true },
  { fact: 'state', of: ({ state = '' }) => state, isShown: true },
  { fact: 'ready', of: ({ ready }) => ready, isShown: true },
  // The sum falls when pods are replaced: that is told by what replaced them.
  { fact: 'restarts', of: ({ restarts }) => restarts, isShown: true, isGrowing: true },
]

function differencesOf(before: ObjectFacts, now: ObjectFacts, isSpecUnknown: boolean): Difference[] {
  return ASPECTS.flatMap(({ fact, of, isShown, isSpec, isGrowing }) => {
    const [from, to] = [of(before), of(now)]
    if (from === undefined || to === undefined || from === to) return []
    if ((isSpec && isSpecUnknown) || (isGrowing && to < from)) return []
    return [isShown ? { fact, from, to } : { fact }]
  })
}

function compareVerdicts(before: Facts, now: Facts, into: Comparison): void {
  for (const [analyzer, to] of now.verdicts ?? []) {
    const from = before.verdicts?.get(analyzer)
    if (from === undefined) continue
    into.compared++
    if (from !== to) into.flips.push({ analyzer, from, to })
  }
}

function byName(a: Named, b: Named): number {
  for (const part of ['namespace', 'kind', 'name'] as const) if (a[part] !== b[part]) return a[part] < b[part] ? -1 : 1
  return 0
}
