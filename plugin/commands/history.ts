import { showDrift } from '../../core/drift.ts'
import { fail } from '../../core/errors.ts'
import { AGENT_NAME, AGENT_NAMESPACE, API_VERSION } from '../../core/names.ts'
import { durationMs, showDuration, showSize } from '../../core/quantity.ts'
import { OUTCOMES } from '../../core/run.ts'
import { checkDuration, readCount } from '../flag-values.ts'
import { type HistoryLine, readHistory } from '../history-lines.ts'
import { findJob, openStore } from '../jobs.ts'
import { localTime } from '../output/age.ts'
import { isTable, OUTPUT, readFormat, show } from '../output/format.ts'
import { table, warning } from '../output/text.ts'
import { readRunLog, showRunLog } from '../run-log.ts'
import { defineVerb } from '../verb.ts'

export default defineVerb({
  usage: 'history JOB [flags]',
  about: 'Shows how each slot and run of a job ended, newest first: what ran, what was skipped or missed, and why.',
  examples: ['history nightly --local', 'history nightly --local --outcome failed --since 7d', 'history nightly --local --logs'],
  args: {
    job: { type: 'positional', required: true, description: 'name or id of the job' },
    output: OUTPUT,
    outcome: { type: 'enum', options: [...OUTCOMES], description: 'only what ended so' },
    since: { type: 'string', description: 'only what was due in the last hours or days, like 7d', valueHint: 'DURATION' },
    limit: { type: 'string', default: '50', description: 'at most this many lines', valueHint: 'N' },
    logs: { type: 'boolean', description: 'show the log of a run, the newest if --run names none' },
    run: { type: 'string', description: 'only this run', valueHint: 'RUN' },
  },
  async run(context) {
    const { args, edge, folder } = context
    const format = await readFormat(args.output, 'history')
    checkDuration('history', 'since', args.since, '12h or 7d')
    const limit = readCount('history', 'limit', args.limit)
    if (args.logs && !args.local)
      throw fail('NOT_SUPPORTED', {
        what: '--logs of a run in a cluster',
        remedy: `look at the log of the agent: kubectl logs -n ${AGENT_NAMESPACE} deployment/${AGENT_NAME}`,
      })
    const store = await openStore(context)
    const job = await findJob(store, args.job)
    const from = args.since === undefined ? 0 : edge.clock.now().getTime() - durationMs(args.since)
    const { lines: all, timeZone, problems } = await readHistory(store, job)
    for (const problem of problems) edge.err(warning(problem))
    const lines = all
      .filter(
        (line) =>
          (!args.run || line.run === args.run) && (!args.outcome || line.outcome === args.outcome) && Date.parse(line.to) >= from,
      )
      .slice(0, limit)
    if (args.run && lines.length === 0) throw fail('RUN_NOT_FOUND', { name: args.run })
    if (args.logs) {
      const run = lines.find((line) => line.run)?.run
      if (run === undefined) throw fail('LOG_NOT_FOUND', { what: `a run of job "${job.name}" that matches` })
      const items = await readRunLog(folder, run)
      return edge.out(await show(format, { data: { run, items }, names: [`run/${run}`], table: () => showRunLog(items) }))
    }
    if (lines.length === 0) edge.err(all.length === 0 ? 'nothing was due yet\n' : 'nothing matches\n')
    if (lines.length === 0 && isTable(format)) return
    const data = { apiVersion: API_VERSION, kind: 'History', job: job.name, items: lines }
    edge.out(
      await show(format, {
        data,
        names: lines.flatMap((line) => (line.run ? [`run/${line.run}`] : [])),
        table: (isWide) => showLines(lines, timeZone, isWide),
      }),
    )
  },
})

function showLines(lines: readonly HistoryLine[], zone: string, isWide: boolean): string {
  const rows = lines.map((line) => [
    line.from === line.to ? localTime(line.from, zone) : `${localTime(line.from, zone)} … ${localTime(line.to, zone)}`,
    line.outcome,
    line.count === 1 ? '' : `${line.count}${line.isCountCapped ? '+' : ''}`,
    line.trigger,
    line.durationMs === undefined ? '-' : showDuration(line.durationMs),
    line.bytes === undefined ? '-' : showSize(line.bytes),
    line.run ?? '-',
    ...(isWide ? [showDrift(line.drift), line.where ?? '-', line.reason ?? '-'] : [line.reason ?? line.where ?? '-']),
  ])
  return table(
    [
      'SLOT',
      'OUTCOME',
      'SLOTS',
      'TRIGGER',
      'DURATION',
      'SIZE',
      'RUN',
      ...(isWide ? ['DRIFT', 'WHERE', 'WHY'] : ['WHERE OR WHY']),
    ],
    rows,
  )
}
