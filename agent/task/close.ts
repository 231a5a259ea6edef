import type { Problem } from '../../core/errors.ts'
import type { RunRequest, RunResult } from '../../core/task.ts'
import type { Analyzer, AnalyzeResult } from '../analysis/analyzer.ts'
import { analysisJson } from '../analysis/analysis-json.ts'
import type { Archive } from '../bundle/archive.ts'
import { ERRORS_FOLDER, OWN_FOLDER } from '../bundle/output-path.ts'
import { type CollectorReport, checksumLines, encodeReport, encodeSkipped, encodeVersion } from '../bundle/report.ts'
import type { Sink } from '../bundle/sink.ts'
import type { FactsTap } from '../drift/collect-facts.ts'
import type { Redactor } from '../redaction/redactor.ts'
import { ANALYZERS_FILE } from './own-analyzers.ts'
import { closeDrift } from './drift.ts'
import type { Unplanned } from './plan.ts'
import type { RunEdge } from './run.ts'
import { redactMessage, showProblems } from './shown.ts'

export interface Collected {
  request: RunRequest
  startedAt: Date
  reports: CollectorReport[]
  unplanned: Unplanned[]
  warnings: Problem[]
  analyzers: readonly Analyzer[]
  /** the spec of these, to be kept in the bundle; undefined when there are none */
  analyzersSpec: string | undefined
  /** what the drift is told by, and what decides how secrets look in it */
  facts: FactsTap
  masking: string
}

/**
 * Writes what can be known only at the end: verdicts, errors, the report, checksums and the version file, and closes the
 * archive. All of it goes through redaction too: messages of collectors may quote what they read. Throws Fatal.
 */
export async function closeBundle(
  collected: Collected,
  edge: RunEdge & { sink: Sink; archive: Archive; redactor: Redactor },
): Promise<RunResult> {
  const { sink } = edge
  const all = shownOf(collected, edge.redactor)
  const { request, reports } = all
  const warnings = [...all.warnings, ...reports.flatMap((report) => report.warnings)]
  for (const { code, message } of warnings) edge.say({ type: 'warning', code, message })
  for (const { key, error } of reports)
    if (error) edge.say({ type: 'warning', code: error.code, message: `${key}: ${error.message}` })

  const results = verdictsOf(all.analyzers, edge.redactor)
  if (request.analyze) await sink.write('analysis.json', analysisJson(results))
  if (all.analyzersSpec !== undefined) await sink.write(ANALYZERS_FILE, all.analyzersSpec)
  const skipped = all.unplanned.flatMap(skippedOf)
  if (skipped.length > 0) await sink.write('skipped-collectors.json', encodeSkipped(skipped, edge.clock.now()))
  await writeErrors(reports, sink, edge.clock.now())

  const drift = await closeDrift({ ...all, results, tap: all.facts }, edge)
  const isPartial = reports.some((report) => !report.isComplete)
  const redaction = edge.redactor.report()
  await sink.write(
    `${OWN_FOLDER}/report.json`,
    encodeReport({
      schema: 1,
      version: edge.version,
      run: request.run,
      startedAt: all.startedAt.toISOString(),
      endedAt: edge.clock.now().toISOString(),
      isPartial,
      collectors: reports,
      warnings: all.warnings,
      redaction: request.redact ? redaction : 'off',
      ...(drift.summary ? { drift: drift.summary } : {}),
    }),
  )
  await sink.write('version.yaml', encodeVersion(edge.version))
  await sink.write(`${OWN_FOLDER}/checksums.txt`, async function* () {
    yield* checksumLines(sink.checksums())
    yield* checksumLines(drift.checksums)
  })
  const archive = await edge.archive.finish()
  const count = (state: CollectorReport['state']) => reports.filter((one) => one.state === state).length
  return {
    archive: { ...archive, fileName: request.fileName, isPartial },
    collectors: { ran: count('ran'), failed: count('failed'), skipped: count('skipped') },
    analysis: request.analyze ? countVerdicts(results) : undefined,
    warnings: warnings.length,
    refused: reports.reduce((sum, one) => sum + one.refused, 0),
    redactions: Object.values(redaction.rules).reduce((sum, found) => sum + found, 0),
    cpuMs: Math.round(edge.cpuMs()),
    ...(drift.summary ? { drift: drift.summary } : {}),
  }
}

/** Entries that were left out on purpose; one that failed has an error instead. */
function skippedOf({ key, isExcluded, unsupported }: Unplanned): { collector: string; reason: string; errors?: string[] }[] {
  if (isExcluded) return [{ collector: key, reason: 'excluded' }]
  return unsupported ? [{ collector: key, reason: 'not supported', errors: [unsupported] }] : []
}

/** Redacted before they are written: names in analysis.json are made of titles, and would not look like secrets any more. */
function verdictsOf(analyzers: readonly Analyzer[], redactor: Redactor): AnalyzeResult[] {
  const text = (raw: string) => redactMessage(redactor, raw)
  return analyzers
    .flatMap((analyzer) => analyzer.finish())
    .map((result) => ({ ...result, title: text(result.title), message: text(result.message), uri: text(result.uri) }))
}

/** The same with all messages made fit to leave the task. */
function shownOf(all: Collected, redactor: Redactor): Collected {
  const show = showProblems(redactor)
  const reports = all.reports.map((report) => ({
    ...report,
    warnings: report.warnings.map(show),
    ...(report.error ? { error: show(report.error) } : {}),
  }))
  return { ...all, reports, warnings: all.warnings.map(show) }
}

/** One file for each collector that failed, where the peer writes them. */
async function writeErrors(reports: readonly CollectorReport[], sink: Sink, at: Date): Promise<void> {
  for (const [index, { key, error }] of reports.entries()) {
    if (!error) continue
    const content = { collector: key, error: error.message, timestamp: at.toISOString() }
    await sink.write(
      `${ERRORS_FOLDER}/${key.replaceAll(/[^\w.-]/g, '-')}-${index}-error.json`,
      `${JSON.stringify(content, undefined, 2)}\n`,
    )
  }
}

function countVerdicts(results: readonly AnalyzeResult[]): { pass: number; warn: number; fail: number } {
  const count = (verdict: AnalyzeResult['verdict']) => results.filter((result) => result.verdict === verdict).length
  return { pass: count('pass'), warn: count('warn'), fail: count('fail') }
}
