import { specHash } from '../../core/store/spec-hash.ts'
import { allRuns } from '../scheduler/runs.ts'
import type { Mirror } from '../watch/mirror.ts'
import type { Cache } from './cache.ts'

/** What the cache is to hold now. */
export function snapshot(mirror: Mirror): Cache {
  const jobs = Object.fromEntries(
    [...mirror.of('job').values()].map(({ name, uid, text }) => [name, { uid, specHash: specHash(text) }]),
  )
  const outbox = allRuns({ mirror })
    .filter(({ run }) => run.phase === 'delivering')
    .map(({ name, run }) => {
      const open = run.deliveries.filter((delivery) => delivery.state === 'pending')
      const nextTryAt = open.flatMap((delivery) => delivery.nextTryAt ?? []).toSorted()[0]
      return { run: name, targets: open.map((delivery) => delivery.uploader), ...(nextTryAt ? { nextTryAt } : {}) }
    })
  return { schema: 1, jobs, outbox }
}
