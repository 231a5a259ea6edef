import { createHash } from 'node:crypto'
import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { reasonOf } from '../../core/errors.ts'
import { FACTS_FILE } from '../../core/drift.ts'
import type { RunRequest } from '../../core/task.ts'
import type { AnalyzeResult } from '../analysis/analyzer.ts'
import type { Archive } from '../bundle/archive.ts'
import { OWN_FOLDER } from '../bundle/output-path.ts'
import type { CollectorReport } from '../bundle/report.ts'
import type { Sink } from '../bundle/sink.ts'
import { decodeFacts, encodeFacts } from '../drift/codec.ts'
import type { FactsTap } from '../drift/collect-facts.ts'
import { compareFacts } from '../drift/compare.ts'
import { CUSTOM_FOLDER, type Facts } from '../drift/facts.ts'
import { type DriftSummary, encodeDriftReport, incomparable, noBaseline, summaryOf } from '../drift/report.ts'

/** What a run found, for its drift. */
export interface DriftFindings {
  request: RunRequest
  tap: FactsTap
  masking: string
  startedAt: Date
  reports: readonly CollectorReport[]
  results: readonly AnalyzeResult[]
}

/** Facts of 100,000 objects are 5 MB. */
const MOST_BYTES = 32 * 1024 * 1024

/**
 * Puts the facts of a run into its bundle; for the agent, which asks for a baseline, also beside it, and compares them with that.
 * Nothing of it happens when the run looked at nothing that could drift. Gives the sums of the files that it archived itself, by path. A
 * baseline that cannot be read is said. Throws Fatal.
 */
export async function closeDrift(
  found: DriftFindings,
  edge: { sink: Sink; archive: Archive },
): Promise<{ summary?: DriftSummary; checksums: ReadonlyMap<string, string> }> {
  const { request, tap, masking, startedAt, results } = found
  const verdicts = request.analyze ? verdictsOf(results) : undefined
  const run = { run: request.run.id, at: startedAt, masking, verdicts, isCustomWhole: isCustomWhole(found.reports) }
  const facts = tap.finish(run)
  const isKept = facts.lists.size > 0 || (request.baseline !== undefined && verdicts !== undefined && verdicts.size > 0)
  if (!isKept) return { checksums: new Map() }
  const bytes = await encodeFacts(facts)
  // As they are: they are made of redacted bytes, and what a rule took for a secret in them would be another fact.
  await edge.archive.add(FACTS_PATH, bytes)
  const checksums = new Map([[FACTS_PATH, createHash('sha256').update(bytes).digest('hex')]])
  if (!request.baseline) return { checksums }
  // Without it the next run has no baseline, and says so: no reason to lose this one.
  await writeFile(join(request.workFolder, FACTS_FILE), bytes).catch(() => undefined)
  return { checksums, summary: await compareWithBaseline(facts, request.baseline, edge.sink) }
}

const FACTS_PATH = `${OWN_FOLDER}/${FACTS_FILE}`

async function compareWithBaseline(
  facts: Facts,
  baseline: NonNullable<RunRequest['baseline']>,
  sink: Sink,
): Promise<DriftSummary> {
  if ('reason' in baseline) return noBaseline(baseline.reason)
  let before: Facts
  try {
    before = await decodeFacts(await readSmall(baseline.path))
  } catch (error) {
    return incomparable(baseline.run, `its facts cannot be read: ${reasonOf(error)}`)
  }
  const comparison = compareFacts(before, facts)
  const summary = summaryOf(baseline, comparison)
  await sink.write(`${OWN_FOLDER}/drift-report.json`, encodeDriftReport(before, comparison, summary))
  return summary
}

async function readSmall(path: string): Promise<Buffer> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    if (size > MOST_BYTES) throw new Error(`it has ${size} bytes`)
    return await file.readFile()
  } finally {
    await file.close()
  }
}

/** By title; several checks may have one. */
function verdictsOf(results: readonly AnalyzeResult[]): ReadonlyMap<string, string> {
  const verdicts = new Map<string, string>()
  for (const { title, verdict } of results) {
    let [key, count] = [title, 1]
    while (verdicts.has(key)) key = `${title} (${++count})`
    verdicts.set(key, verdict)
  }
  return verdicts
}

/** Warnings that may mean that any file was left out. */
const LOSSES: ReadonlySet<string> = new Set(['BUNDLE_TOO_LARGE', 'REDACTION_FAILED', 'WARNINGS_OMITTED'])

/** Whether a kind of custom resources without a file has no objects: all were gone through, and no file was lost on the way. */
function isCustomWhole(reports: readonly CollectorReport[]): boolean {
  const listing = reports.filter(({ key }) => key === 'clusterResources')
  const isLost = listing.some(({ warnings }) =>
    warnings.some(({ code, message }) => LOSSES.has(code) || message.includes(`cluster-resources/${CUSTOM_FOLDER}`)),
  )
  return listing.length > 0 && !isLost && listing.every(({ state }) => state === 'ran')
}
