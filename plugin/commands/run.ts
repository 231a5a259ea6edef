import { EXIT, fail } from '../../core/errors.ts'
import { manualRunName, requestName } from '../../core/names.ts'
import { showDuration, showSize } from '../../core/quantity.ts'
import { encodeDocument, type Request, type Run } from '../../core/run.ts'
import type { CliEdge } from '../cli-edge.ts'
import { findDaemon } from '../daemon.ts'
import { checkDuration } from '../flag-values.ts'
import { findJob, openStore, ref } from '../jobs.ts'
import { OUTPUT, readFormat, show } from '../output/format.ts'
import { fields } from '../output/text.ts'
import { createProgress } from '../progress.ts'
import { doHere, waitForDaemon } from '../run-wait.ts'
import { readView } from '../run-view.ts'
import { defineVerb } from '../verb.ts'

export default defineVerb({
  usage: 'run JOB [flags]',
  about:
    'Runs a job now, also a disabled one. With a daemon at work it is asked to; without one the work is done here, and waited for.',
  examples: ['run nightly --local --wait'],
  args: {
    job: { type: 'positional', required: true, description: 'name or id of the job' },
    wait: { type: 'boolean', alias: 'w', description: 'wait for the end; exit code 7 when the run ends badly' },
    timeout: { type: 'string', default: '1h', description: 'give up waiting after this long', valueHint: 'DURATION' },
    output: OUTPUT,
  },
  async run(context) {
    const { args, edge, folder } = context
    const format = await readFormat(args.output, 'run')
    checkDuration('run', 'timeout', args.timeout, '90s or 30m')
    const store = await openStore(context)
    const job = await findJob(store, args.job)
    const id = edge.newId()
    const name = manualRunName(job.name, id)
    const request: Request = { schema: 1, action: 'run', requestedAt: edge.clock.now().toISOString() }
    await store.create(ref('request', requestName(job.name, id)), {
      text: encodeDocument(request),
      owner: { name: job.name, uid: job.uid },
    })
    const hasDaemon = !args.local || (await findDaemon(edge, folder)) !== undefined
    const names = [`run/${name}`]
    if (hasDaemon && !args.wait)
      return edge.out(await show(format, { data: { run: name }, names, table: () => `run "${name}" requested\n` }))

    const progress = createProgress(edge)
    const wait = { edge, store, job: job.name, id, timeout: args.timeout, progress }
    const waiting = hasDaemon ? waitForDaemon({ ...wait, folder: args.local ? folder : undefined }) : doHere({ ...wait, folder })
    const { run, stored } = await waiting.finally(() => progress.end())
    const data = readView(stored)?.view
    edge.out(await show(format, { data, names, table: () => showEnd(name, run) }))
    return judge(name, run, edge)
  },
})

function showEnd(name: string, run: Run): string {
  const { bundle, analysis } = run
  const took = run.startedAt && run.endedAt ? showDuration(Date.parse(run.endedAt) - Date.parse(run.startedAt)) : undefined
  return fields([
    ['Run', name],
    ['Outcome', run.outcome ?? run.phase],
    ['Took', took],
    [
      'Bundle',
      bundle &&
        `${bundle.path ?? bundle.fileName} (${showSize(bundle.bytes)}, ${bundle.files} files${bundle.isPartial ? ', partial' : ''})`,
    ],
    ['Analysis', analysis && `${analysis.pass} pass, ${analysis.warn} warn, ${analysis.fail} fail`],
    ['Warnings', run.warnings > 0 ? `${run.warnings}: see "history ${run.job} --logs"` : undefined],
    [
      'Delivered',
      run.deliveries.map((delivery) => `${delivery.uploader}: ${delivery.location ?? delivery.error?.message ?? delivery.state}`),
    ],
  ])
}

/** Exit code 0 for a run that collected something and delivered it; else throws what is wrong with it. */
function judge(name: string, run: Run, edge: CliEdge): number {
  const { collectors, bundle, outcome, error } = run
  if (collectors && collectors.ran === 0 && collectors.failed > 0)
    throw fail('COLLECTED_NOTHING', { count: String(collectors.failed), reason: `see "history ${run.job} --logs"` })
  if (outcome !== undefined && outcome !== 'completed') {
    const reason = error?.message ?? 'no reason was recorded'
    throw fail('RUN_ENDED_BADLY', { run: name, outcome, reason, remedy: error?.remedy ?? `see "history ${run.job} --logs"` })
  }
  if (bundle?.isPartial) edge.err('the bundle is partial: support-bundle-schedule/report.json in it says what is missing\n')
  if (outcome === 'completed') return EXIT.ok
  const failed = run.deliveries.find((delivery) => delivery.state !== 'delivered')
  throw fail('RUN_ENDED_BADLY', {
    run: name,
    outcome: 'collected, but not delivered',
    reason: failed?.error?.message ?? 'no reason was recorded',
    remedy: `${failed?.error?.remedy ? `${failed.error.remedy}; ` : ''}the bundle is kept, and a daemon tries again`,
  })
}
