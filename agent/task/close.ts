import type { Problem } from '../../core/errors.ts'
import type { RunRequest, RunResult } from '../../core/task.ts'
import type { Analyzer, AnalyzeResult } from '../analysis/analyzer.ts'
import { analysisJson } from '../analysis/analysis-json.ts'
import type { Archive } from '../bundle/archive.ts'
import { OWN_FOLDER } from '../bundle/output-path.ts'
import { type CollectorReport, encodeChecksums, encodeReport, encodeSkipped, encodeVersion } from '../bundle/report.ts'
import type { Sink } from '../bundle/sink.ts'
import type { Redactor } from '../redaction/redactor.ts'
import type { Unplanned } from './plan.ts'
import type { RunEdge } from './run.ts'

export interface Collected {
  request: RunRequest
  startedAt: Date
  reports: CollectorReport[]
  unplanned: Unplanned[]
  warnings: Problem[]
  analyzers: readonly Analyzer[]
}

/**
 * Writes what can be known only at the end: verdicts, errors, the report, checksums and the version file, and closes the
 * archive. All of it goes through redaction too: messages of collectors may quote what they read.
 */
export async function closeBundle(
  all: Collected,
  edge: RunEdge & { sink: Sink; archive: Archive; redactor: Redactor },
): Promise<RunResult> {
  const { sink } = edge
  const { request, reports } = all
  const warnings = [...all.warnings, ...reports.flatMap((report) => report.warnings)]
  for (const { code, message } of warnings) edge.say({ type: 'warning', code, message: edge.redactor.text(message) })
  for (const { key, error } of reports)
    if (error) edge.say({ type: 'warning', code: error.code, message: edge.redactor.text(`${key}: ${error.message}`) })

  const results = all.analyzers.flatMap((analyzer) => analyzer.finish())
  if (request.analyze) await sink.write('analysis.json', analysisJson(results))
  const excluded = all.unplanned
    .filter((entry) => entry.isExcluded)
    .map((entry) => ({ collector: entry.key, reason: 'excluded' }))
  if (excluded.length > 0) await sink.write('skipped-collectors.json', encodeSkipped(excluded, edge.clock.now()))
  await writeErrors(reports, sink, edge.clock.now())

  const failed = reports.filter((report) => report.state === 'failed').length
  const isPartial = failed > 0 || reports.some((report) => report.warnings.some((warning) => LOSSES.includes(warning.code)))
  const report = edge.redactor.report()
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
      redaction: request.redact ? report : 'off',
    }),
  )
  await sink.write('version.yaml', encodeVersion(edge.version))
  await sink.write(`${OWN_FOLDER}/checksums.txt`, encodeChecksums(sink.checksums))
  const archive = await edge.archive.finish()
  const count = (state: CollectorReport['state']) => reports.filter((one) => one.state === state).length
  return {
    archive: { ...archive, fileName: request.fileName, isPartial },
    collectors: { ran: count('ran'), failed, skipped: count('skipped') },
    analysis: request.analyze ? countVerdicts(results) : undefined,
    warnings: warnings.length,
    redactions: Object.values(report.rules).reduce((sum, found) => sum + found, 0),
    cpuMs: Math.round(edge.cpuMs()),
  }
}

/** Warnings that mean something is missing that was asked for. */
const LOSSES: readonly string[] = ['OUTPUT_PATH', 'OUTPUT_REFUSED', 'BUNDLE_TOO_LARGE', 'REDACTION_FAILED']

/** One file for each collector that failed, where the peer writes them. */
async function writeErrors(reports: readonly CollectorReport[], sink: Sink, at: Date): Promise<void> {
  for (const [index, { key, error }] of reports.entries()) {
    if (!error) continue
    const content = { collector: key, error: error.message, timestamp: at.toISOString() }
    await sink.write(
      `collector-errors/${key.replaceAll(/[^\w.-]/g, '-')}-${index}-error.json`,
      `${JSON.stringify(content, undefined, 2)}\n`,
    )
  }
}

function countVerdicts(results: readonly AnalyzeResult[]): { pass: number; warn: number; fail: number } {
  const count = (verdict: AnalyzeResult['verdict']) => results.filter((result) => result.verdict === verdict).length
  return { pass: count('pass'), warn: count('warn'), fail: count('fail') }
}
