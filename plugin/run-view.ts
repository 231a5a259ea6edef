import { decodeRun, type Run, runState } from '../core/run.ts'
import type { Stored } from '../core/store/store.ts'

/** A run as users see it; the words are part of the interface. */
export interface RunView {
  id: string
  jobId: string
  job: string
  trigger: string
  slot: string
  start: string | undefined
  end: string | undefined
  status: string
  outcome: string | undefined
  bundlePath: string | undefined
  /** inside the bundle */
  analysisPath: string | undefined
  analysis: Run['analysis']
  uploadUrl: string | undefined
  deliveries: Run['deliveries']
  durationMs: number | undefined
  bundleBytes: number | undefined
  isPartial: boolean | undefined
  collectorCount: number | undefined
  warnings: number
  redactions: number
  retryCount: number
  error: Run['error']
  metrics: Run['metrics']
  drift: Run['drift']
}

/** Reads a stored run; undefined when it can't be read. */
export function readView(stored: Stored): { run: Run; view: RunView } | undefined {
  try {
    const run = decodeRun(stored.text)
    return { run, view: viewRun(stored.name, run) }
  } catch {
    return undefined
  }
}

export function viewRun(name: string, run: Run): RunView {
  const { bundle, collectors } = run
  return {
    id: name,
    jobId: run.jobUid,
    job: run.job,
    trigger: run.trigger,
    slot: run.slot,
    start: run.startedAt,
    end: run.endedAt,
    status: runState(run),
    outcome: run.outcome,
    bundlePath: bundle?.path,
    analysisPath: run.analysis && bundle ? `${bundle.fileName.replace(/\.tar\.gz$/, '')}/analysis.json` : undefined,
    analysis: run.analysis,
    uploadUrl: run.deliveries.find((delivery) => delivery.location)?.location,
    deliveries: run.deliveries,
    durationMs: run.startedAt && run.endedAt ? Date.parse(run.endedAt) - Date.parse(run.startedAt) : undefined,
    bundleBytes: bundle?.bytes,
    isPartial: bundle?.isPartial,
    collectorCount: collectors && collectors.ran + collectors.failed,
    warnings: run.warnings,
    redactions: run.redactions,
    retryCount: run.deliveries.reduce((sum, delivery) => sum + Math.max(0, delivery.tries - 1), 0),
    error: run.error,
    metrics: run.metrics,
    drift: run.drift,
  }
}
