import { statusName } from '../../core/names.ts'
import { isActive } from '../../core/run.ts'
import { decodeStatus } from '../../core/status.ts'
import type { Engine } from '../scheduler/engine.ts'
import { allRuns } from '../scheduler/runs.ts'
import type { Mirror } from '../watch/mirror.ts'
import type { ServerView } from './app.ts'
import { tokenAuthorizer } from './authorizer.ts'
import { localRoutes } from './local-routes.ts'
import { metricsText } from './metrics.ts'

/** A round is due each 30 s; three missed ones mean that the loop hangs. */
const STALE_MS = 120_000

/** What the daemon of a computer serves, all on one port. */
export function serverView(edge: {
  mirror: Mirror
  token: string
  startedAt: Date
  version: string
  engine: Pick<Engine, 'sinceRoundMs'>
  usage(): { residentBytes: number; cpuSeconds: number }
  metricsEnabled(): boolean
}): ServerView {
  const { mirror, engine, startedAt, version } = edge
  return {
    notReady() {
      const sinceMs = engine.sinceRoundMs()
      if (sinceMs === undefined) return 'the store has not been read yet'
      return sinceMs > STALE_MS ? 'the scheduler has not looked for two minutes' : undefined
    },
    metrics: () => (edge.metricsEnabled() ? metricsText([mirror], { startedAt, ...edge.usage() }) : undefined),
    api: {
      authorizer: tokenAuthorizer(edge.token),
      routes: localRoutes({
        jobs: () =>
          [...mirror.of('job').values()].map(({ name, uid, createdAt }) => ({
            name,
            id: uid,
            created: createdAt.toISOString(),
            ...decodeStatus(mirror.of('status').get(statusName(name))?.text ?? ''),
          })),
        daemon: () => ({
          version,
          startedAt: startedAt.toISOString(),
          ...edge.usage(),
          jobs: mirror.of('job').size,
          activeRuns: allRuns({ mirror }).filter(({ run }) => isActive(run)).length,
          waitingDeliveries: allRuns({ mirror }).filter(({ run }) => run.phase === 'delivering').length,
        }),
      }),
    },
  }
}
