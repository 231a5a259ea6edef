import { createReadStream } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { fail } from '../../core/errors.ts'
import { NAME_OF } from '../../core/names.ts'
import { showSize } from '../../core/quantity.ts'
import { type BundleFacts, decodeRun, isActive, type Run } from '../../core/run.ts'
import { storeError, systemCode } from '../../core/store/file-system.ts'
import { openDoor } from '../agent-door.ts'
import { placeNamed } from '../bundle-place.ts'
import { bundleFromAgent, type NamedRun } from '../download-from-agent.ts'
import { openStore, ref } from '../jobs.ts'
import { kubeOverrides } from '../kube-flags.ts'
import { OUTPUT, readFormat, show } from '../output/format.ts'
import { safe } from '../output/text.ts'
import { createProgress } from '../progress.ts'
import { receiveBundle } from '../receive-bundle.ts'
import { defineArgs, defineVerb, type VerbContext } from '../verb.ts'

const ARGS = defineArgs({
  run: { type: 'positional', required: true, description: 'name of the run, as "history JOB" shows it' },
  to: {
    type: 'string',
    description: 'file, with .tar.gz, or folder for the bundle; default: the current folder',
    valueHint: 'PATH',
  },
  output: OUTPUT,
})

export default defineVerb({
  usage: 'download RUN [flags]',
  about:
    'Gets the bundle of a run that the agent keeps, checks it, and prints where it is. In a cluster it comes through a port-forward to the pod that has it.',
  examples: ['download nightly.29551800 -n payments --to /tmp/', 'download nightly.29551800 --local'],
  args: ARGS,
  async run(context) {
    const { args, edge } = context
    const format = await readFormat(args.output, 'download')
    const named = await readRun(context)
    const bundle = keptBundle(named)
    const { signal } = edge
    const place = await placeNamed('download', edge.cwd, args.to, bundle.fileName.replace(/\.tar\.gz$/, ''))
    const progress = createProgress(edge)
    try {
      const body = await (args.local ? fromThisComputer(named.name, bundle) : fromCluster(context, named, signal))
      await receiveBundle(named.name, bundle, untilAborted(body, signal), place, (bytes) =>
        progress.show(`${showSize(bytes)} of ${showSize(bundle.bytes)} …`),
      )
    } catch (error) {
      if (!signal.aborted) throw error
      throw fail('WAIT_INTERRUPTED', { what: 'the download', remedy: 'nothing was written' }, error)
    } finally {
      progress.end()
      await rm(place.work, { recursive: true, force: true })
    }
    const { target } = place
    const data = { run: named.name, path: target, bytes: bundle.bytes, sha256: bundle.sha256, isPartial: bundle.isPartial }
    if (bundle.isPartial) edge.err('the bundle is partial: support-bundle-schedule/report.json in it says what is missing\n')
    edge.out(await show(format, { data, names: [target], table: () => `${safe(target)}\n` }))
  },
})

async function readRun(context: VerbContext<typeof ARGS>): Promise<NamedRun> {
  const name = context.args.run
  const store = await openStore(context)
  const stored = NAME_OF.run.test(name) ? await store.get(ref('run', name)) : undefined
  if (!stored) throw fail('RUN_NOT_FOUND', { name })
  return { namespace: stored.namespace, name, run: decodeRun(stored.text) }
}

/** What is to come. Throws BUNDLE_NOT_MADE, BUNDLE_NOT_KEPT for what cannot. */
function keptBundle({ name, run }: NamedRun): BundleFacts {
  const { bundle, job } = run
  if (!bundle) throw fail('BUNDLE_NOT_MADE', { run: name, job, reason: whyNone(run) })
  if (bundle.path !== undefined) return bundle
  const places = run.deliveries.flatMap(({ location }) => location ?? [])
  if (places.length === 0)
    throw fail('BUNDLE_NOT_KEPT', { run: name, reason: 'it was removed', remedy: `run the job again: run ${job}` })
  throw fail('BUNDLE_NOT_KEPT', {
    ...{ run: name, reason: `it was delivered to ${places.join(', ')}` },
    remedy: 'get it there, with the tools of that place',
  })
}

const whyNone = (run: Run): string =>
  isActive(run) ? 'it is still at work' : (run.error?.message ?? `it ended as ${run.outcome ?? run.phase}`)

async function fromCluster(
  { args, edge, list }: VerbContext<typeof ARGS>,
  named: NamedRun,
  signal: AbortSignal,
): Promise<AsyncIterable<Buffer>> {
  const { client } = await edge.cluster(kubeOverrides(args, list('as-group')))
  return bundleFromAgent(await openDoor(client), named, signal)
}

async function* untilAborted(body: AsyncIterable<Buffer>, signal: AbortSignal): AsyncGenerator<Buffer> {
  for await (const piece of body) {
    signal.throwIfAborted()
    yield piece
  }
}

async function fromThisComputer(run: string, { path = '' }: BundleFacts): Promise<AsyncIterable<Buffer>> {
  const file = await open(path, 'r').catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT') throw storeError(error, path)
    const remedy = 'it was removed by "retention" of the job, or by hand; run the job again'
    throw fail('BUNDLE_NOT_KEPT', { run, reason: `${path} is not there any more`, remedy }, error)
  })
  return createReadStream(path, { fd: file }) as AsyncIterable<Buffer>
}
