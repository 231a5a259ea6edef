import type { CollectorManifest, HostCollectorManifest } from '../../core/contract/index.ts'
import type { InspectedEntry } from '../../core/task.ts'
import type { Entry, MergedSpec } from '../specs/document.ts'
import type { Plan, Unplanned } from './plan.ts'

/** Every entry of a spec in its order: what would become of it, where it writes and which rights that takes. */
export function inspectedEntries(spec: MergedSpec, { planned, unplanned }: Plan): InspectedEntry[] {
  const manifests = new Map(planned.map(({ entry, plugin }) => [entry, plugin.manifest]))
  const left = new Map(unplanned.map((one) => [one.entry, one]))
  const inspected = (kind: InspectedEntry['kind'], entry: Entry): InspectedEntry => {
    const manifest = manifests.get(entry)
    return {
      key: entry.key,
      source: entry.source,
      line: entry.line,
      isExcluded: entry.isExcluded,
      kind,
      state: stateOf(left.get(entry)),
      writes: manifest ? writesOf(manifest, entry) : [],
      permissions: manifest?.kind === 'Collector' ? manifest.permissions.map(rightOf) : [],
    }
  }
  return [
    ...spec.hostCollectors.map((entry) => inspected('HostCollector', entry)),
    ...spec.collectors.map((entry) => inspected('Collector', entry)),
  ]
}

function stateOf(left: Unplanned | undefined): InspectedEntry['state'] {
  if (!left) return 'ready'
  if (left.isExcluded) return 'excluded'
  return left.unsupported ? 'unsupported' : 'invalid'
}

/** `$name` of a manifest stands for the entry's own name. */
function writesOf({ outputs }: CollectorManifest | HostCollectorManifest, { config }: Entry): string[] {
  const name = [config['name'], config['collectorName']].find((one) => typeof one === 'string' && one !== '')
  const paths = outputs.map((path) => (typeof name === 'string' ? path.replaceAll('$name', name) : path.replace(/^\$name$/, '.')))
  return [...new Set(paths)]
}

const rightOf = ({ apiGroups, resources, verbs, nonResourceURLs }: CollectorManifest['permissions'][number]) => ({
  apiGroups,
  resources,
  verbs,
  ...(nonResourceURLs ? { nonResourceURLs } : {}),
})
