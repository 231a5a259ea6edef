import { showDrift } from '../../core/drift.ts'
import { API_VERSION } from '../../core/names.ts'
import { openStore, readAll, SHOWN_ID } from '../jobs.ts'
import { type JobRow, jobRow } from '../job-rows.ts'
import { ago, until } from '../output/age.ts'
import { isTable, OUTPUT, readFormat, show } from '../output/format.ts'
import { table } from '../output/text.ts'
import { defineVerb } from '../verb.ts'

const STATES = ['pending', 'running', 'completed', 'failed', 'disabled', 'invalid']

export default defineVerb({
  usage: 'list [flags]',
  about: 'Lists jobs with their next and last runs.',
  examples: ['list --local', 'list --local --status failed -o wide', "list --local -o jsonpath='{.items[*].name}'"],
  args: {
    output: OUTPUT,
    filter: { type: 'string', description: 'only jobs whose name matches; * stands for anything', valueHint: 'PATTERN' },
    status: { type: 'enum', options: STATES, description: 'only jobs in this state' },
    'all-namespaces': { type: 'boolean', alias: 'A', description: 'of all namespaces' },
    'show-disabled': { type: 'boolean', default: true, description: 'show disabled jobs too' },
  },
  async run(context) {
    const { args, edge } = context
    const format = await readFormat(args.output, 'list')
    const store = await openStore(context)
    const now = edge.clock.now()
    const found = await readAll(store, ['job', 'status'])
    const texts = new Map(
      found.filter(({ kind }) => kind === 'status').map((status) => [`${status.namespace}/${status.name}`, status.text]),
    )
    const jobs = found.filter(({ kind }) => kind === 'job')
    const all = await Promise.all(jobs.map((job) => jobRow(job, texts.get(`${job.namespace}/${job.name}.status`), now)))
    const wanted = matcher(args.filter)
    const rows = all.filter(
      (row) =>
        wanted(row.name) && (!args.status || row.status === args.status) && (args['show-disabled'] || row.status !== 'disabled'),
    )
    if (rows.length === 0)
      edge.err(
        all.length === 0
          ? `no jobs yet: make one with "create NAME ${args.local ? '--local ' : ''}--cron …"\n`
          : 'no job matches\n',
      )
    if (rows.length === 0 && isTable(format)) return
    edge.out(
      await show(format, {
        data: { apiVersion: API_VERSION, kind: 'JobList', items: rows },
        names: rows.map((row) => `job/${row.name}`),
        table: (isWide) => showRows(rows, now, isWide, args['all-namespaces'] === true),
      }),
    )
  },
})

function showRows(rows: readonly JobRow[], now: Date, isWide: boolean, hasNamespaces: boolean): string {
  const heads = [...(hasNamespaces ? ['NAMESPACE'] : []), 'NAME', 'ID', 'SCHEDULE', 'NEXT RUN', 'STATUS', 'LAST RUN', 'RUN COUNT']
  const wide = ['ZONE', 'AUTO', 'TARGET', 'DELIVERY', 'DRIFT']
  const cells = (row: JobRow) => [
    ...(hasNamespaces ? [row.namespace] : []),
    row.name,
    row.id.slice(0, SHOWN_ID),
    row.schedule || '-',
    until(row.nextRun, now),
    row.status,
    ago(row.lastRun?.startedAt, now),
    String(row.runCount),
    ...(isWide
      ? [
          row.timeZone || '-',
          row.auto ?? '-',
          row.targets.join(',') || '-',
          row.lastRun?.delivery ?? '-',
          showDrift(row.lastRun?.drift),
        ]
      : []),
  ]
  return table(isWide ? [...heads, ...wide] : heads, rows.map(cells))
}

function matcher(pattern: string | undefined): (name: string) => boolean {
  if (pattern === undefined) return () => true
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'))
  const regex = new RegExp(`^${parts.join('[^]*')}$`)
  return (name) => (pattern.includes('*') ? regex.test(name) : name.includes(pattern))
}
