import { explainDrift } from '../../core/drift.ts'
import { fail, PROGRAM } from '../../core/errors.ts'
import { ANNOTATION_PAUSED, API_VERSION } from '../../core/names.ts'
import { type JobSpec, specSourceName } from '../../core/job.ts'
import { showDuration, showSize } from '../../core/quantity.ts'
import { kubeOverrides } from '../kube-flags.ts'
import { findJob, openStore, readOf, statusRef } from '../jobs.ts'
import { jobRow } from '../job-rows.ts'
import { decodeStatus } from '../../core/status.ts'
import { ago, localTime, until } from '../output/age.ts'
import { type Format, OUTPUT, readFormat, show } from '../output/format.ts'
import { fields, table } from '../output/text.ts'
import { readUnseen } from '../read-job.ts'
import { readView, type RunView } from '../run-view.ts'
import { defineArgs, defineVerb, type VerbContext } from '../verb.ts'

const ARGS = defineArgs({
  job: { type: 'positional', required: false, description: 'name or id of the job' },
  agent: { type: 'boolean', description: 'show the agent of the cluster instead of a job' },
  output: OUTPUT,
})

export default defineVerb({
  usage: 'status JOB | --agent [flags]',
  about:
    'Shows one job: what it does, when it runs next, how its last runs went, and what is wrong with it. With --agent the agent of the cluster: its pods, the namespaces that it serves, and what each of them lacks.',
  examples: ['status nightly --local', 'status nightly --local -o json', 'status --agent'],
  args: ARGS,
  async run(context) {
    const { args, edge } = context
    const format = await readFormat(args.output, 'status')
    if (args.agent) return edge.out(await showAgentStatus(context, format))
    if (args.job === undefined)
      throw fail('USAGE_ARGUMENTS', {
        command: 'status',
        reason: 'needs JOB, or --agent',
        usage: `${PROGRAM} status JOB | --agent`,
      })
    const store = await openStore(context)
    const job = await findJob(store, args.job)
    const [status, stored] = await Promise.all([store.get(statusRef(job.name)), readOf(store, 'run', job.name)])
    const now = edge.clock.now()
    const row = await jobRow(job, status?.text, now)
    const { spec } = readUnseen(job, undefined, now)
    const runs = stored
      .flatMap((one) => (one.owner?.uid === job.uid ? (readView(one)?.view ?? []) : []))
      .toSorted((a, b) => b.slot.localeCompare(a.slot))
    const slots = (status && decodeStatus(status.text)?.nextSlots.filter((slot) => Date.parse(slot) > now.getTime())) ?? []
    const nextSlots = slots.length > 0 ? slots : row.nextRun ? [row.nextRun] : []
    const zone = row.timeZone || 'UTC'
    const text = () =>
      fields([
        ['Name', row.name],
        ['ID', row.id],
        ['Description', row.description],
        ['Status', row.status],
        ['Paused', job.annotations[ANNOTATION_PAUSED]],
        ['Schedule', row.schedule],
        ['Time zone', row.timeZone],
        ['Collects', spec && collects(spec)],
        ['Analyze', spec && (spec.analyze ? 'yes' : 'no')],
        ['Targets', row.targets.length > 0 ? row.targets : ['this machine']],
        ['Created', localTime(row.created, zone)],
        ['Next runs', nextSlots.map((slot, index) => localTime(slot, zone) + (index === 0 ? ` (${until(slot, now)})` : ''))],
        ['Last run', row.lastRun && `${row.lastRun.state}, ${ago(row.lastRun.startedAt, now)}`],
        ['Drift', row.lastRun?.drift && explainDrift(row.lastRun.drift)],
        ['Run count', String(row.runCount)],
        ['Last error', row.lastError],
        [
          'Conditions',
          row.conditions.map(
            (one) => `${one.type}=${one.status} ${one.reason}: ${one.message}${one.remedy ? `; ${one.remedy}` : ''}`,
          ),
        ],
      ]) + (runs.length > 0 ? `\n${showRuns(runs, zone)}` : '')
    const labels = { ...job.labels }
    const data = {
      apiVersion: API_VERSION,
      kind: 'Job',
      ...row,
      labels,
      paused: job.annotations[ANNOTATION_PAUSED],
      spec,
      nextSlots,
      runs,
    }
    edge.out(await show(format, { data, names: [`job/${job.name}`], table: text }))
  },
})

async function showAgentStatus({ args, edge, list }: VerbContext<typeof ARGS>, format: Format): Promise<string> {
  if (args.job !== undefined)
    throw fail('USAGE_FLAG_VALUE', { flag: '--agent', command: 'status', reason: 'shows no job: leave one of the two out' })
  if (args.local) throw fail('NOT_SUPPORTED', { what: 'status --agent with --local', remedy: `use "${PROGRAM} daemon status"` })
  const [{ openDoor }, { viewAgent, showAgent }] = await Promise.all([import('../agent-door.ts'), import('../agent-status.ts')])
  const { client } = await edge.cluster(kubeOverrides(args, list('as-group')))
  const { signal } = edge
  const data = await viewAgent(await openDoor(client), signal).catch((error: unknown) => {
    throw signal.aborted ? fail('WAIT_INTERRUPTED', { what: 'status --agent', remedy: 'try again' }, error) : error
  })
  const names = data.replicas.map(({ pod }) => `pod/${pod}`)
  return show(format, { data, names, table: () => showAgent(data, edge.clock.now()) })
}

/** The names that specs give themselves, or what they are. */
function collects({ collect }: JobSpec): string[] {
  const { specs, auto } = collect
  if (specs.length === 0) return [auto ? `what auto (${auto}) finds` : 'the basics of this machine']
  const named = specs.map((source, index) => {
    if (!source.inline) return specSourceName(source, index)
    const { name } = (source.inline['metadata'] ?? {}) as { name?: unknown }
    return typeof name === 'string' && name !== '' ? `spec "${name}"` : `spec ${index + 1}`
  })
  return auto ? [...named, `what auto (${auto}) adds`] : named
}

function showRuns(runs: readonly RunView[], zone: string): string {
  const rows = runs.map((run) => [
    run.id,
    localTime(run.slot, zone),
    run.status,
    run.durationMs === undefined ? '-' : showDuration(run.durationMs),
    run.bundleBytes === undefined ? '-' : showSize(run.bundleBytes) + (run.isPartial ? ' (partial)' : ''),
    run.uploadUrl ?? run.bundlePath ?? run.error?.message ?? '-',
  ])
  return table(['RUN', 'SLOT', 'STATUS', 'DURATION', 'SIZE', 'WHERE'], rows)
}
