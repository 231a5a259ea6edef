import type { Clock, LogSource, LogWish } from '../../../core/contract/index.ts'
import type { RunRequest } from '../../../core/task.ts'
import type { PlannedCollector } from '../plan.ts'

/** What all entries of a run want of a log. An entry whose collector cannot say wants nothing beforehand. */
export function logWishes(
  planned: readonly PlannedCollector[],
  { cluster }: RunRequest,
  { clock }: { clock: Clock },
): (source: LogSource) => LogWish[] {
  const namespaces = cluster?.namespaces ?? []
  const since = cluster?.since === undefined ? undefined : new Date(cluster.since)
  const asked = planned.flatMap(({ plugin, config }) =>
    'logWish' in plugin ? [{ plugin, context: { config, namespaces, since, clock } }] : [],
  )
  return (source) =>
    asked.flatMap(({ plugin, context }) => {
      try {
        return plugin.logWish?.(context, source) ?? []
      } catch {
        // it will say what is wrong when it collects
        return []
      }
    })
}

/** The cluster's credentials, which must not stand in a bundle or a message wherever they come from. */
export function clusterSecrets({ cluster }: RunRequest): string[] {
  const { authorization = '' } = cluster?.connection.credential ?? {}
  return authorization === '' ? [] : [authorization.replace(/^\S+\s+/, '')]
}
