import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { EXIT, fail } from '../../core/errors.ts'
import { DURATION, durationMs, showSize, SIZE, sizeBytes } from '../../core/quantity.ts'
import type { RunRequest } from '../../core/task.ts'
import { OUTPUT, readFormat, show } from '../output/format.ts'
import { fields } from '../output/text.ts'
import { createProgress, taskProgress } from '../progress.ts'
import { inspect, readNamed, refuseErrors } from '../specs.ts'
import { defineArgs, defineVerb, type VerbContext } from '../verb.ts'

const ARGS = defineArgs({
  spec: {
    type: 'positional',
    required: false,
    valueHint: '...',
    description: 'troubleshoot specs; none = the basics of this machine',
  },
  to: { type: 'string', description: 'file or folder for the bundle; default: the current folder', valueHint: 'PATH' },
  analyze: { type: 'boolean', default: true, description: 'analyze what was collected' },
  timeout: { type: 'string', default: '30m', description: 'longest time for collecting', valueHint: 'DURATION' },
  memory: { type: 'string', default: '1Gi', description: 'limit for the collecting process', valueHint: 'SIZE' },
  output: OUTPUT,
})

export default defineVerb({
  usage: 'collect [SPEC…] [flags]',
  about: 'Collects a bundle of this machine now, without a job and without a store. Prints where the bundle is.',
  examples: ['collect', 'collect support-bundle.yaml --to /tmp/', 'cat spec.yaml | kubectl support-bundle-schedule collect -'],
  args: ARGS,
  async run(context) {
    const { args, edge, folder } = context
    const format = await readFormat(args.output, 'collect')
    checkLimits(args)
    const slot = edge.clock.now()
    const target = await place(edge.cwd, args.to, slot)
    const specs = await readSpecs(context)
    // Beside the target, so that the finished bundle is moved by a rename; hidden, since it is not finished.
    const work = await mkdtemp(join(dirname(target), '.support-bundle-'))
    const progress = createProgress(edge)
    try {
      const request: RunRequest = {
        task: 'run',
        run: { id: 'once', job: 'collect', namespace: '', slot: slot.toISOString(), trigger: 'once' },
        workFolder: work,
        fileName: basename(target),
        specs,
        analyze: args.analyze,
        redact: true,
        timeoutMs: durationMs(args.timeout),
        limits: { bundleBytes: 64 * 2 ** 30, outputBytes: 2 * 2 ** 30 },
        pluginFolders: [join(folder, 'plugins')],
      }
      const outcome = await edge.task(request, {
        timeoutMs: request.timeoutMs + 60_000,
        memoryBytes: sizeBytes(args.memory),
        signal: edge.signal,
        onMessage: taskProgress(progress),
      })
      progress.end()
      if (!outcome.result) throw outcome.error ?? fail('INTERNAL', { reason: 'no result' })
      await rename(outcome.result.archive.path, target)
      const { archive, ...rest } = outcome.result
      for (const warning of outcome.warnings) edge.err(`warning: ${warning.message}\n`)
      if (archive.isPartial) edge.err('the bundle is partial: support-bundle-schedule/report.json in it says what is missing\n')
      const data = { ...rest, bundle: { ...archive, path: target } }
      edge.err(
        fields([
          ['Size', showSize(archive.bytes)],
          ['Files', String(archive.files)],
          ['Analysis', verdicts(rest.analysis)],
        ]),
      )
      edge.out(await show(format, { data, names: [target], table: () => `${target}\n` }))
      return EXIT.ok
    } finally {
      progress.end()
      await rm(work, { recursive: true, force: true })
    }
  },
})

function checkLimits(args: { timeout: string; memory: string }): void {
  if (!DURATION.test(args.timeout))
    throw fail('USAGE_FLAG_VALUE', { flag: '--timeout', command: 'collect', reason: 'takes a duration like 90s or 30m' })
  if (!SIZE.test(args.memory))
    throw fail('USAGE_FLAG_VALUE', { flag: '--memory', command: 'collect', reason: 'takes a size like 512Mi' })
}

/** A file as it was named, with .tar.gz; in a folder, the name that the peer's tool would give it. */
async function place(cwd: string, to: string | undefined, now: Date): Promise<string> {
  const name = `support-bundle-${now.toISOString().slice(0, 19).replaceAll(':', '_')}.tar.gz`
  if (to === undefined) return join(cwd, name)
  const path = resolve(cwd, to)
  const isFolder =
    to.endsWith('/') ||
    (await stat(path).then(
      (found) => found.isDirectory(),
      () => false,
    ))
  const target = isFolder ? join(path, name) : path.endsWith('.tar.gz') ? path : `${path}.tar.gz`
  await mkdir(dirname(target), { recursive: true })
  return target
}

async function readSpecs({ words, edge, folder }: VerbContext<typeof ARGS>): Promise<unknown[]> {
  if (words.length === 0) return []
  const sources = await Promise.all(words.map(async (name) => ({ name, text: await readNamed(edge, name) })))
  const read = await inspect(edge, folder, { sources, targets: [] })
  for (const warning of refuseErrors(words.join(', '), read.issues)) edge.err(`warning: ${warning.message}\n`)
  return read.documents
}

function verdicts(analysis: { pass: number; warn: number; fail: number } | undefined): string | undefined {
  return analysis && `${analysis.pass} pass, ${analysis.warn} warn, ${analysis.fail} fail`
}
