import { join } from 'node:path'
import { EXIT, fail } from '../../core/errors.ts'
import { manualRunName, requestName } from '../../core/names.ts'
import { DURATION, durationMs, showDuration, showSize } from '../../core/quantity.ts'
import { encodeDocument, isSettled, type Request, type Run } from '../../core/run.ts'
import type { Store } from '../../core/store/store.ts'
import { findDaemon } from '../daemon.ts'
import { findJob, openStore, ref } from '../jobs.ts'
import { OUTPUT, readFormat, show } from '../output/format.ts'
import { fields } from '../output/text.ts'
import { followLog } from '../follow-log.ts'
import { createProgress, type Progress } from '../progress.ts'
import { readView } from '../run-view.ts'
import { saidProblem } from '../said-problem.ts'
import { defineVerb, type VerbContext } from '../verb.ts'

export default defineVerb({
  usage: 'run JOB [flags]',
  about: 'Runs a job now. With a daemon at work it is asked to; without one the work is done here, and waited for.',
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
    if (!DURATION.test(args.timeout))
      throw fail('USAGE_FLAG_VALUE', { flag: '--timeout', command: 'run', reason: 'takes a duration like 90s or 30m' })
    const store = await openStore(context)
    const job = await findJob(store, args.job)
    const id = edge.newId()
    const name = manualRunName(job.name, id)
    const request: Request = { schema: 1, action: 'run', requestedAt: edge.clock.now().toISOString() }
    await store.create(ref('request', requestName(job.name, id)), {
      text: encodeDocument(request),
      owner: { name: job.name, uid: job.uid },
    })
    const hasDaemon = (await findDaemon(edge, folder)) !== undefined
    const own = hasDaemon ? undefined : workHere(context, job.name, id)
    if (hasDaemon && !args.wait)
      return edge.out(
        await show(format, { data: { run: name }, names: [`run/${name}`], table: () => `run "${name}" requested\n` }),
      )

    const progress = createProgress(edge)
    const run = await waitFor(store, name, context, progress, own).finally(() => progress.end())
    const data = readView({ ...run.stored })?.view
    edge.out(await show(format, { data, names: [`run/${name}`], table: () => showEnd(name, run.run) }))
    return judge(name, run.run, edge.err)
  },
})

type Context = VerbContext<{ job: { type: 'positional'; required: true }; timeout: { type: 'string'; default: string } }>

/** Starts an agent that does just this request. Its own failure to start is thrown by the promise. */
async function workHere({ edge, folder }: Pick<Context, 'edge' | 'folder'>, job: string, id: string): Promise<void> {
  const ended = await edge.agent(['--folder', folder, '--log-level', 'error', '--job', job, '--request', id], 'quiet')
  if (ended.exitCode !== 0)
    throw fail('DAEMON_START_FAILED', {
      reason: saidProblem(ended.said)?.message ?? `exit code ${ended.exitCode}`,
      log: 'the message above',
    })
}

type Found = { run: Run; stored: NonNullable<Awaited<ReturnType<Store['get']>>> }

const LOOK_EACH_MS = 200

async function waitFor(
  store: Store,
  name: string,
  { edge, folder, args }: Pick<Context, 'edge' | 'folder'> & { args: { timeout: string } },
  progress: Progress,
  own: Promise<void> | undefined,
): Promise<Found> {
  const until = edge.clock.now().getTime() + durationMs(args.timeout)
  const log = followLog(join(folder, 'logs', 'runs', `${name}.log`), (text) => progress.show(`${text} …`))
  let isOver = own === undefined ? false : undefined
  let failure: unknown
  own?.then(
    () => (isOver = true),
    (error: unknown) => ((failure = error), (isOver = true)),
  )
  for (;;) {
    const stored = await store.get(ref('run', name))
    const run = stored && readView(stored)?.run
    if (stored && run && (isSettled(run) || isWaiting(run))) {
      await own?.catch(() => undefined)
      return { run, stored }
    }
    if (failure) throw failure
    if (isOver && (!run || run.phase !== 'delivering')) throw fail('RUN_NOT_FOUND', { name })
    if (edge.signal.aborted) throw fail('TASK_CANCELLED', { reason: 'interrupted; a daemon goes on with it' })
    if (edge.clock.now().getTime() > until)
      throw fail('WAIT_TIMED_OUT', {
        what: `run "${name}"`,
        seconds: String(durationMs(args.timeout) / 1000),
        remedy: 'it goes on; look at it with "history"',
      })
    await log.read()
    await edge.clock.sleep(LOOK_EACH_MS, edge.signal).catch(() => undefined)
  }
}

/** Collected, and every target that is still open has failed once: the rest happens in the background. */
const isWaiting = (run: Run) =>
  run.phase === 'delivering' && run.deliveries.every((delivery) => delivery.state !== 'pending' || delivery.tries > 0)

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

function judge(name: string, run: Run, err: (text: string) => void): number {
  if (run.bundle?.isPartial) err('the bundle is partial: support-bundle-schedule/report.json in it says what is missing\n')
  if (run.outcome === 'completed') return EXIT.ok
  const reason = run.error?.message ?? 'a delivery failed; it is tried again in the background'
  const remedy = run.error?.remedy ?? 'see its log with "history JOB --logs"'
  throw fail('RUN_ENDED_BADLY', { run: name, outcome: run.outcome ?? run.phase, reason, remedy })
}
