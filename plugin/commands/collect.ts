import { kubeOverrides } from '../kube-flags.ts'
import { rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { EXIT, fail, PROGRAM } from '../../core/errors.ts'
import { durationMs, showSize, sizeBytes } from '../../core/quantity.ts'
import { storeError } from '../../core/store/file-system.ts'
import type { FromTask, RunRequest, RunResult } from '../../core/task.ts'
import { placeBundle } from '../bundle-place.ts'
import type { CliEdge } from '../cli-edge.ts'
import { checkDuration, checkSize, readAuto, readTime } from '../flag-values.ts'
import { type Format, OUTPUT, readFormat, show } from '../output/format.ts'
import { fields, safe, warning } from '../output/text.ts'
import { createProgress, type Progress, taskProgress } from '../progress.ts'
import { discoverSpecs, readSource } from '../spec-sources.ts'
import { placed } from '../../core/spec-issues.ts'
import { tokenKeyOf } from '../token-key.ts'
import { defineArgs, defineVerb, type VerbContext } from '../verb.ts'

const ARGS = defineArgs({
  spec: {
    type: 'positional',
    required: false,
    valueHint: '...',
    description:
      'troubleshoot specs: files, addresses, secret/NAMESPACE/NAME, configmap/NAMESPACE/NAME, - for stdin; none = the basics of this machine',
  },
  'load-cluster-specs': {
    type: 'boolean',
    description: 'also the specs that Secrets and ConfigMaps of the cluster carry, found by label',
  },
  selector: {
    type: 'string',
    alias: 'l',
    description: 'label of the objects that --load-cluster-specs looks for; default: troubleshoot.sh/kind=support-bundle',
    valueHint: 'LABEL',
  },
  auto: {
    type: 'string',
    description:
      'add to the specs what a profile looks for: minimal, standard, comprehensive or paranoid; without one it is standard',
    valueHint: '[=PROFILE]',
  },
  since: { type: 'string', description: 'logs begin so long ago, whatever the specs say', valueHint: 'DURATION' },
  'since-time': { type: 'string', description: 'logs begin there: RFC 3339, like 2026-01-31T02:00:00Z', valueHint: 'TIME' },
  uri: { type: 'boolean', default: true, description: 'take the newer version of a spec that its "uri" names' },
  strict: { type: 'boolean', description: 'unknown and misplaced keys are errors' },
  to: {
    type: 'string',
    description: 'file, with .tar.gz, or folder for the bundle; default: the current folder',
    valueHint: 'PATH',
  },
  analyze: { type: 'boolean', default: true, description: 'analyze what was collected' },
  timeout: { type: 'string', default: '30m', description: 'longest time for collecting', valueHint: 'DURATION' },
  memory: { type: 'string', default: '1Gi', description: 'limit for the collecting process', valueHint: 'SIZE' },
  'host-image': {
    type: 'string',
    description: 'image of the pods by which host collectors look at nodes, for specs with "runHostCollectorsInPod"',
    valueHint: 'IMAGE',
  },
  output: OUTPUT,
})

export default defineVerb({
  usage: 'collect [SPEC…] [flags]',
  about:
    'Collects a bundle now, without a job: of this machine, and of the cluster of the kubeconfig where a spec or --auto asks for it. Prints where the bundle is. Exit code 7 when nothing worked.',
  examples: [
    'collect',
    'collect support-bundle.yaml --to /tmp/',
    'collect - < support-bundle.yaml',
    'collect --auto -n payments',
  ],
  args: ARGS,
  async run(context) {
    const { args, edge, folder } = context
    const format = await readFormat(args.output, 'collect')
    checkFlags(context)
    const auto = readAuto('collect', args.auto)
    const slot = edge.clock.now()
    const sources = await readSources(context)
    const cluster = sources.length > 0 || auto ? await edge.handCluster(kubeOverrides(args, context.list('as-group'))) : undefined
    const { signal } = edge
    const { target, work } = await placeBundle(edge.cwd, args.to, slot)
    const progress = createProgress(edge)
    const told = new Set<string>()
    try {
      const request: RunRequest = {
        task: 'run',
        run: { id: 'once', job: 'collect', namespace: '', slot: slot.toISOString(), trigger: 'once' },
        workFolder: work,
        fileName: basename(target),
        specs: [],
        ...(sources.length > 0 ? { unread: { sources, strict: args.strict === true } } : {}),
        ...(auto ? { auto } : {}),
        ...(args.uri ? { specUrls: ['https://', 'http://'] } : {}),
        ...(cluster ? { cluster: { ...cluster.request, ...sinceOf(args, slot) } } : {}),
        ...(args['host-image'] ? { hostImage: args['host-image'] } : {}),
        analyze: args.analyze,
        redact: true,
        ...(await tokenKeyOf(edge, folder)),
        timeoutMs: durationMs(args.timeout),
        limits: { bundleBytes: 64 * 2 ** 30, outputBytes: 2 * 2 ** 30 },
        pluginFolders: [join(folder, 'plugins')],
      }
      const outcome = await edge.task(request, {
        timeoutMs: request.timeoutMs + 60_000,
        memoryBytes: sizeBytes(args.memory),
        signal,
        ...(cluster ? { onNeedToken: () => cluster.renewToken() } : {}),
        onMessage: showing(progress, told, edge),
      })
      progress.end()
      if (!outcome.result) throw outcome.error ?? fail('INTERNAL', { reason: 'no result' })
      await rename(outcome.result.archive.path, target).catch((error: unknown) => {
        throw storeError(error, target)
      })
      for (const { message } of outcome.warnings) if (!told.has(message)) edge.err(warning(message))
      return await tell(outcome.result, target, format, edge)
    } finally {
      progress.end()
      await rm(work, { recursive: true, force: true })
    }
  },
})

function sinceOf(args: VerbContext<typeof ARGS>['args'], now: Date): { since?: string } {
  if (args.since !== undefined) return { since: new Date(now.getTime() - durationMs(args.since)).toISOString() }
  return args['since-time'] === undefined ? {} : { since: readTime('collect', 'since-time', args['since-time']).toISOString() }
}

/** Talks about the bundle, and prints where it is. */
async function tell({ archive, ...rest }: RunResult, target: string, format: Format, edge: CliEdge): Promise<number> {
  if (archive.isPartial) edge.err('the bundle is partial: support-bundle-schedule/report.json in it says what is missing\n')
  edge.err(
    fields([
      ['Size', showSize(archive.bytes)],
      ['Files', String(archive.files)],
      ['Analysis', verdicts(rest.analysis)],
    ]),
  )
  const data = { ...rest, bundle: { ...archive, path: target } }
  edge.out(await show(format, { data, names: [target], table: () => `${safe(target)}\n` }))
  const { ran, failed } = rest.collectors
  if (ran === 0 && failed > 0) throw fail('COLLECTED_NOTHING', { count: String(failed), reason: 'see the warnings above' })
  return EXIT.ok
}

function checkFlags({ args, words }: VerbContext<typeof ARGS>): void {
  checkDuration('collect', 'timeout', args.timeout, '90s or 30m', 1000)
  checkSize('collect', 'memory', args.memory)
  checkDuration('collect', 'since', args.since, '24h')
  if (args['since-time'] !== undefined) readTime('collect', 'since-time', args['since-time'])
  if (args.since !== undefined && args['since-time'] !== undefined)
    throw fail('USAGE_ARGUMENTS', {
      command: 'collect',
      reason: 'takes --since or --since-time, not both',
      usage: `${PROGRAM} collect --since 24h`,
    })
  if (args.selector !== undefined && !args['load-cluster-specs'])
    throw fail('USAGE_ARGUMENTS', {
      command: 'collect',
      reason: 'takes --selector only with --load-cluster-specs',
      usage: `${PROGRAM} collect --load-cluster-specs --selector app=shop`,
    })
  if (words.filter((name) => name === '-').length > 1)
    throw fail('USAGE_ARGUMENTS', { command: 'collect', reason: 'can read stdin only once', usage: `${PROGRAM} collect -` })
}

/** The texts of all specs that were named: the run itself looks at them first, and says what is wrong with them. */
async function readSources(context: VerbContext<typeof ARGS>): Promise<NonNullable<RunRequest['unread']>['sources']> {
  const { words, args } = context
  const sources = (await Promise.all(words.map((name) => readSource(context, name)))).flat()
  if (args['load-cluster-specs']) sources.push(...(await discoverSpecs(context, args.selector)))
  return sources
}

/** Shows what the run does and what is wrong with its specs: the run finds some of that again, which is not said twice. */
function showing(progress: Progress, told: Set<string>, edge: CliEdge): (message: FromTask) => void {
  const show = taskProgress(progress)
  return (message) => {
    if (message.type !== 'issues') return show(message)
    progress.end()
    for (const issue of message.issues) {
      told.add(issue.message)
      edge.err(warning(placed(issue)))
    }
  }
}

function verdicts(analysis: { pass: number; warn: number; fail: number } | undefined): string | undefined {
  return analysis && `${analysis.pass} pass, ${analysis.warn} warn, ${analysis.fail} fail`
}
