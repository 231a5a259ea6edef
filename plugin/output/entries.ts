import type { InspectedEntry } from '../../core/task.ts'
import { table } from './text.ts'

const STATES: Readonly<Record<InspectedEntry['state'], string>> = {
  ready: '',
  excluded: 'excluded',
  unsupported: 'not supported',
  invalid: 'invalid',
}

/** One line an entry of a spec: its key, where it writes in the bundle, and the rights that it takes. */
export function entriesTable(entries: readonly InspectedEntry[]): string {
  const rows = entries.map((entry) => [
    entry.kind === 'HostCollector' ? `${entry.key} (host)` : entry.key,
    STATES[entry.state] || entry.writes.join(', ') || '-',
    rightsOf(entry) || '-',
  ])
  return rows.length === 0 ? '' : table(['ENTRY', 'WRITES TO', 'NEEDS'], rows)
}

/** `get,list pods; get pods/log`: the resources of one set of verbs together. */
export function rightsOf({ permissions }: Pick<InspectedEntry, 'permissions'>): string {
  const byVerbs = new Map<string, Set<string>>()
  for (const { verbs, apiGroups, resources, nonResourceURLs = [] } of permissions) {
    const words = verbs.join(',')
    const known = byVerbs.get(words) ?? new Set()
    for (const resource of resources)
      for (const group of apiGroups) known.add(`${resource}${group === '' || group === '*' ? '' : `.${group}`}`)
    for (const path of nonResourceURLs) known.add(path)
    byVerbs.set(words, known)
  }
  return [...byVerbs].map(([verbs, names]) => `${verbs} ${shortened([...names])}`).join('; ')
}

/** Some collectors read dozens of kinds: `rbac plan` and `-o json` name them all. */
function shortened(names: string[]): string {
  const SHOWN = 4
  return names.length <= SHOWN + 1 ? names.join(', ') : `${names.slice(0, SHOWN).join(', ')} and ${names.length - SHOWN} more`
}
