import { AUTO_PROFILES, type AutoProfile } from '../../core/auto-profile.ts'
import { ADDITIONS, type Config } from './auto-profiles.ts'
import { HOST_SPEC } from './default-host-spec.ts'
import type { Entry, MergedSpec, SpecDocument } from './document.ts'
import { API_VERSION } from './kinds.ts'
import { mergeSpecs } from './merge.ts'
import { documentsFromObjects } from './parse.ts'

/** Where a run with a profile looks; without a cluster, at the machine. */
export interface AutoPlace {
  namespaces: readonly string[]
}

/** A SupportBundle document with what a profile adds to the documents that are given. */
export interface AutoDocument {
  apiVersion: string
  kind: 'SupportBundle'
  metadata: { name: string }
  spec: Partial<Record<keyof MergedSpec, Record<string, Config>[]>>
}

/**
 * What a profile adds to a spec: always in the same order, and only what no entry of the spec covers. The profiles differ in
 * what they collect of a cluster; on a machine without one, each adds what a run without a spec collects there.
 */
export function autoDocument(profile: AutoProfile, given: MergedSpec, place: AutoPlace | undefined): AutoDocument {
  return {
    apiVersion: API_VERSION,
    kind: 'SupportBundle',
    metadata: { name: `auto-${profile}` },
    spec: place ? ofCluster(profile, given, place) : ofHost(given),
  }
}

/** The documents and what a profile adds to them, as one spec. Nothing of the documents is lost that is not without a profile. */
export function mergeWithAuto(
  documents: readonly SpecDocument[],
  profile: AutoProfile,
  place: AutoPlace | undefined,
): { spec: MergedSpec; document: AutoDocument } {
  const document = autoDocument(profile, mergeSpecs(documents), place)
  const { documents: added } = documentsFromObjects([document], `added by auto: ${profile}`)
  return { spec: mergeSpecs([...documents, ...added]), document }
}

function ofCluster(profile: AutoProfile, given: MergedSpec, { namespaces }: AutoPlace): AutoDocument['spec'] {
  const isOf = ({ from }: { from: AutoProfile }) => AUTO_PROFILES.indexOf(from) <= AUTO_PROFILES.indexOf(profile)
  const spec: AutoDocument['spec'] = {}
  for (const { list, key, entries } of ADDITIONS.filter(isOf)) {
    const own = given[list].filter((entry) => entry.key === key)
    for (const config of entries({ profile, namespaces, given: own }))
      (spec[list] ??= []).push({ [key]: structuredClone(config) })
  }
  return spec
}

/** Keys that the spec collects itself are left to it, with their verdicts: a second entry would write the same file. */
function ofHost(given: MergedSpec): AutoDocument['spec'] {
  const isFree = (item: Record<string, Config>, ...lists: Entry[][]) => !lists.flat().some(({ key }) => key in item)
  const { hostCollectors, hostAnalyzers } = HOST_SPEC.spec
  return {
    hostCollectors: hostCollectors.filter((item) => isFree(item, given.hostCollectors)),
    hostAnalyzers: hostAnalyzers.filter((item) => isFree(item, given.hostCollectors, given.hostAnalyzers)),
  }
}
