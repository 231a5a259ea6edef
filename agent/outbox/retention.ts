import { join } from 'node:path'
import { asProblem } from '../../core/errors.ts'
import { jobOf } from '../../core/names.ts'
import { durationMs } from '../../core/quantity.ts'
import type { ExecuteEdge } from '../scheduler/execute.ts'
import { viewOf } from '../scheduler/job-view.ts'
import { runsOf } from '../scheduler/runs.ts'
import { isBundle, pruneFiles } from './bundles.ts'

const PRUNE_MS = 120_000
const TASK_BYTES = 512 * 2 ** 20

/**
 * Applies a job's retention where its bundles are: on this machine, with the logs of its runs, and at each target that can
 * list and remove.
 */
export async function applyRetention(edge: ExecuteEdge, job: string, signal: AbortSignal): Promise<void> {
  const stored = edge.mirror.of('job').get(job)
  const view = stored && viewOf(stored)
  if (!view?.plan) return
  const { retention: rules, upload } = view.plan.spec
  const retention = { keepLast: rules.keepLast, maxAgeMs: durationMs(rules.maxAge), keepLastGood: rules.keepLastGood }
  const runs = runsOf(edge, job, view.uid)
  const good = runs.filter(({ run }) => run.outcome === 'completed')
  const goodNames = new Set(good.map(({ run }) => run.bundle?.fileName))
  const now = edge.clock.now()
  const isBundleGood = (name: string) => goodNames.has(name)
  const removed = await pruneFiles(join(edge.folders.bundles, job), isBundle, retention, isBundleGood, now)
  if (removed.length > 0) edge.log.info({ job, removed }, 'bundles removed by retention')
  const isLog = (name: string) => name.endsWith('.log') && jobOf(name) === job
  await pruneFiles(edge.folders.runLogs, isLog, { ...retention, keepLastGood: false }, () => false, now)
  // With one target at fault no run is good, and the others would keep all bundles for ever.
  const run = good.at(-1) ?? runs.at(-1)
  if (!run) return
  for (const target of upload) {
    signal.throwIfAborted()
    const { uploader, config, credentials } = target
    if (edge.outside.refusesUploader(uploader)) continue
    const secrets = credentials ? await edge.outside.secret(credentials.secret) : {}
    const outcome = await edge.tasks.start(
      {
        task: 'prune',
        run: { id: run.name, job, namespace: edge.namespace, slot: run.run.slot, trigger: run.run.trigger },
        target: { uploader, config, secrets },
        retention,
        lastGood: good.at(-1)?.run.bundle?.fileName,
        network: edge.outside.network(),
        timeoutMs: PRUNE_MS,
        pluginFolders: [edge.folders.plugins],
      },
      { timeoutMs: PRUNE_MS + 10_000, memoryBytes: TASK_BYTES, signal },
    )
    if (outcome.error) edge.log.warn({ job, target: target.uploader, problem: asProblem(outcome.error) }, 'retention not applied')
  }
}
