import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fail } from '../../core/errors.ts'
import { API_VERSION } from '../../core/names.ts'
import { DURATION, durationMs, showDuration, showSize } from '../../core/quantity.ts'
import { OUTCOMES } from '../../core/run.ts'
import { type HistoryLine, readHistory } from '../history-lines.ts'
import { findJob, openStore } from '../jobs.ts'
import { localTime } from '../output/age.ts'
import { isTable, OUTPUT, readFormat, show } from '../output/format.ts'
import { safe, table } from '../output/text.ts'
import { defineVerb } from '../verb.ts'

export default defineVerb({
  usage: 'history JOB [flags]',
  about: 'Shows how each slot and run of a job ended, newest first: what ran, what was skipped or missed, and why.',
  examples: ['history nightly --local', 'history nightly --local --outcome failed --since 7d', 'history nightly --local --logs'],
  args: {
    job: { type: 'positional', required: true, description: 'name or id of the job' },
    output: OUTPUT,
    outcome: { type: 'enum', options: [...OUTCOMES], description: 'only what ended so' },
    since: { type: 'string', description: 'only the last hours or days, like 7d', valueHint: 'DURATION' },
    limit: { type: 'string', default: '50', description: 'at most this many lines', valueHint: 'N' },
    logs: { type: 'boolean', description: 'show the log of a run, the newest if --run names none' },
    run: { type: 'string', description: 'only this run', valueHint: 'RUN' },
  },
  async run(context) {
    const { args, edge, folder } = context
    const format = await readFormat(args.output, 'history')
    if (args.since !== undefined && !DURATION.test(args.since))
      throw fail('USAGE_FLAG_VALUE', { flag: '--since', command: 'history', reason: 'takes a duration like 12h or 7d' })
    if (!/^[1-9][0-9]*$/.test(args.limit))
      throw fail('USAGE_FLAG_VALUE', { flag: '--limit', command: 'history', reason: 'takes a number' })
    const store = await openStore(context)
    const job = await findJob(store, args.job)
    const from = args.since === undefined ? 0 : edge.clock.now().getTime() - durationMs(args.since)
    const { lines: all, timeZone } = await readHistory(store, job)
    const lines = all
      .filter(
        (line) =>
          (!args.run || line.run === args.run) && (!args.outcome || line.outcome === args.outcome) && Date.parse(line.to) >= from,
      )
      .slice(0, Number(args.limit))
    if (args.run && lines.length === 0) throw fail('RUN_NOT_FOUND', { name: args.run })
    if (args.logs) return edge.out(await readLog(folder, lines.find((line) => line.run)?.run))
    if (lines.length === 0) edge.err('nothing was due yet\n')
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
    ...(isWide ? [line.where ?? '-', line.reason ?? '-'] : [line.reason ?? line.where ?? '-']),
  ])
  return table(
    ['SLOT', 'OUTCOME', 'SLOTS', 'TRIGGER', 'DURATION', 'SIZE', 'RUN', ...(isWide ? ['WHERE', 'WHY'] : ['WHERE OR WHY'])],
    rows,
  )
}

/** `{timestamp} {level} {component}: {message}` lines. */
async function readLog(folder: string, run: string | undefined): Promise<string> {
  const text = run && (await readFile(join(folder, 'logs', 'runs', `${run}.log`), 'utf8').catch(() => undefined))
  if (text === undefined || text === '') throw fail('RUN_NOT_FOUND', { name: run ?? 'with a log' })
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      try {
        const { timestamp, level, component, message } = JSON.parse(line) as Record<string, string>
        return `${timestamp} ${String(level).padEnd(5)} ${component}: ${safe(String(message))}\n`
      } catch {
        return `${safe(line)}\n`
      }
    })
    .join('')
}
