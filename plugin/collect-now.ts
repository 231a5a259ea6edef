import { rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { EXIT, fail } from '../core/errors.ts'
import { durationMs, showSize } from '../core/quantity.ts'
import { placed } from '../core/spec-issues.ts'
import { storeError } from '../core/store/file-system.ts'
import type { FromTask, RunRequest, RunResult } from '../core/task.ts'
import { placeBundle } from './bundle-place.ts'
import type { CliEdge } from './cli-edge.ts'
import type { CollectContext } from './commands/collect.ts'
import { type readAuto, readTime } from './flag-values.ts'
import { kubeOverrides } from './kube-flags.ts'
import { type Format, show } from './output/format.ts'
import { fields, safe, warning } from './output/text.ts'
import { createProgress, type Progress, taskProgress } from './progress.ts'
import { readSource } from './spec-sources.ts'
import { tokenKeyOf } from './token-key.ts'

/** What the flags came to. */
interface Wanted {
  format: Format
  auto: ReturnType<typeof readAuto>
  memoryBytes: number
  slot: Date
}

/** Collects a bundle by a task, and puts it where it is wanted. Gives the exit code; throws what went wrong. */
export async function collectNow(context: CollectContext, { format, auto, memoryBytes, slot }: Wanted): Promise<number> {
  const { args, edge, folder } = context
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
      memoryBytes,
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
}

function sinceOf(args: CollectContext['args'], now: Date): { since?: string } {
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

/** The texts of all specs that were named: the run itself looks at them first, and says what is wrong with them. */
async function readSources(context: CollectContext): Promise<NonNullable<RunRequest['unread']>['sources']> {
  const { words, args } = context
  const sources = (await Promise.all(words.map((name) => readSource(context, name)))).flat()
  if (!args['load-cluster-specs']) return sources
  const { discoverSpecs } = await import('./cluster-specs.ts')
  sources.push(...(await discoverSpecs(context, args.selector)))
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
