import { join } from 'node:path'
import { asProblem } from '../../core/errors.ts'
import { durationMs } from '../../core/quantity.ts'
import type { ExecuteEdge } from '../scheduler/execute.ts'
import { viewOf } from '../scheduler/job-view.ts'
import { runsOf } from '../scheduler/runs.ts'
import { pruneBundles } from './bundles.ts'

const PRUNE_MS = 120_000
const TASK_BYTES = 512 * 2 ** 20

/** Applies a job's retention where its bundles are: on this machine, and at each target that can list and remove. */
export async function applyRetention(edge: ExecuteEdge, job: string, signal: AbortSignal): Promise<void> {
  const stored = edge.mirror.of('job').get(job)
  const view = stored && viewOf(stored)
  if (!view?.plan) return
  const { retention: rules, upload } = view.plan.spec
  const retention = { keepLast: rules.keepLast, maxAgeMs: durationMs(rules.maxAge), keepLastGood: rules.keepLastGood }
  const good = runsOf(edge, job, view.uid).filter(({ run }) => run.outcome === 'completed')
  const goodNames = new Set(good.map(({ run }) => run.bundle?.fileName))
  const removed = await pruneBundles(join(edge.folders.bundles, job), retention, (name) => goodNames.has(name), edge.clock.now())
  if (removed.length > 0) edge.log.info({ job, removed }, 'bundles removed by retention')
  const last = good.at(-1)
  for (const target of last ? upload : []) {
    if (!last) return
    const outcome = await edge.tasks.start(
      {
        task: 'prune',
        run: { id: last.name, job, namespace: edge.namespace, slot: last.run.slot, trigger: last.run.trigger },
        target: { ...target, secrets: {} },
        retention,
        lastGood: last.run.bundle?.fileName,
        timeoutMs: PRUNE_MS,
        pluginFolders: [edge.folders.plugins],
      },
      { timeoutMs: PRUNE_MS + 10_000, memoryBytes: TASK_BYTES, signal },
    )
    if (outcome.error) edge.log.warn({ job, target: target.uploader, problem: asProblem(outcome.error) }, 'retention not applied')
  }
}
