import { emptyLists, type MergedSpec } from './document.ts'

/** What a run without a spec collects from a cluster, beside what every bundle of one has: the logs of its namespaces. */
export function defaultClusterSpec(): MergedSpec {
  return {
    ...emptyLists(),
    collectors: [{ key: 'logs', config: { name: 'logs' }, isExcluded: false, source: 'added by default' }],
  }
}
