import { lstat, rename, rm } from 'node:fs/promises'
import { basename, resolve, sep } from 'node:path'
import { EXIT, fail } from '../../core/errors.ts'
import { durationMs, showSize, sizeBytes } from '../../core/quantity.ts'
import { storeError } from '../../core/store/file-system.ts'
import type { RedactResult } from '../../core/task.ts'
import { placeNamed } from '../bundle-place.ts'
import { checkDuration, checkSize } from '../flag-values.ts'
import { type Format, OUTPUT, readFormat, show } from '../output/format.ts'
import { fields, safe, table, warning } from '../output/text.ts'
import { createProgress, taskProgress } from '../progress.ts'
import { readSource } from '../spec-sources.ts'
import { inspect } from '../specs.ts'
import { refuseErrors } from '../../core/spec-issues.ts'
import { tokenKeyOf } from '../token-key.ts'
import { defineArgs, defineVerb, type VerbContext } from '../verb.ts'

const ARGS = defineArgs({
  source: { type: 'positional', required: true, description: 'a bundle: its tar.gz, or the folder that it was unpacked to' },
  to: {
    type: 'string',
    description: 'file, with .tar.gz, or folder for the redacted bundle; default: the current folder',
    valueHint: 'PATH',
  },
  redactors: {
    type: 'string',
    description:
      'Redactor documents: a file, an address, secret/NAMESPACE/NAME, configmap/NAMESPACE/NAME, - for stdin; may be repeated',
    valueHint: 'SPEC',
  },
  timeout: { type: 'string', default: '60m', description: 'longest time for it', valueHint: 'DURATION' },
  memory: { type: 'string', default: '1Gi', description: 'limit for the redacting process', valueHint: 'SIZE' },
  output: OUTPUT,
})

const LIMITS = { bundleBytes: 64 * 2 ** 30, outputBytes: 16 * 2 ** 30 }

export default defineVerb({
  usage: 'redact BUNDLE [flags]',
  about:
    'Makes a copy of a bundle, or of any folder, without what looks like a secret, and prints where it is. The original is only read. A file that cannot be redacted is left out, with a warning. Works without a cluster.',
  examples: ['redact support-bundle.tar.gz --to redacted.tar.gz', 'redact ./unpacked --to /tmp/ --redactors redactors.yaml'],
  args: ARGS,
  lists: ['redactors'],
  async run(context) {
    const { args, edge, folder } = context
    const format = await readFormat(args.output, 'redact')
    checkDuration('redact', 'timeout', args.timeout, '90s or 30m', 1000)
    checkSize('redact', 'memory', args.memory)
    const source = resolve(edge.cwd, args.source)
    await lstat(source).catch((error: unknown) => {
      throw fail('FILE_NOT_FOUND', { source: args.source, reason: 'there is no such file' }, error)
    })
    const redactors = await readRedactors(context)
    refuseInside(source, resolve(edge.cwd, args.to ?? '.'))
    const { target, work } = await placeNamed(
      'redact',
      edge.cwd,
      args.to,
      `redacted-${basename(source).replace(/\.t(ar\.)?gz$/, '')}`,
    )
    const progress = createProgress(edge)
    try {
      await refuseExisting(target)
      const outcome = await edge.task(
        {
          task: 'redact',
          source,
          workFolder: work,
          fileName: basename(target),
          ...(redactors.length > 0 ? { redactors } : {}),
          ...(await tokenKeyOf(edge, folder)),
          limits: LIMITS,
        },
        {
          timeoutMs: durationMs(args.timeout),
          memoryBytes: sizeBytes(args.memory),
          signal: edge.signal,
          onMessage: taskProgress(progress),
        },
      )
      progress.end()
      for (const { message } of outcome.warnings) edge.err(warning(message))
      if (!outcome.result) throw outcome.error ?? fail('INTERNAL', { reason: 'no result' })
      await refuseExisting(target)
      await rename(outcome.result.archive.path, target).catch((error: unknown) => {
        throw storeError(error, target)
      })
      return await tell(context, outcome.result, target, format)
    } finally {
      progress.end()
      await rm(work, { recursive: true, force: true })
    }
  },
})

/** A folder that is redacted is not written to. */
function refuseInside(source: string, to: string): void {
  if (to === source || to.startsWith(`${source}${sep}`))
    throw fail('USAGE_FLAG_VALUE', { flag: '--to', command: 'redact', reason: `is inside of ${source}` })
}

/** Also what keeps a copy from taking the place of its original. */
async function refuseExisting(target: string): Promise<void> {
  const found = await lstat(target).catch(() => undefined)
  if (found) throw fail('USAGE_FLAG_VALUE', { flag: '--to', command: 'redact', reason: `names a file that is there: ${target}` })
}

/** All of them or none: what is not understood would let something through. */
async function readRedactors(context: VerbContext<typeof ARGS>): Promise<unknown[]> {
  const { edge, folder } = context
  const all: unknown[] = []
  for (const word of context.list('redactors')) {
    const sources = await readSource(context, word)
    const { issues, documents } = await inspect(edge, folder, { sources, targets: [] })
    for (const { message } of refuseErrors(word, issues)) edge.err(warning(message))
    const redactors = documents.filter((one) => (one as { kind?: unknown } | null)?.kind === 'Redactor')
    if (redactors.length === 0) throw fail('SPEC_INVALID', { source: word, issues: 'there is no Redactor document' })
    all.push(...redactors)
  }
  return all
}

/** Talks about the copy, and prints where it is. */
async function tell({ edge }: VerbContext<typeof ARGS>, result: RedactResult, target: string, format: Format): Promise<number> {
  const { archive, redaction, leftOut } = result
  const counts = Object.entries(redaction.rules).toSorted(([, a], [, b]) => b - a)
  edge.err(
    fields([
      ['Size', showSize(archive.bytes)],
      ['Files', String(archive.files)],
      ['Masked', `${counts.reduce((sum, [, count]) => sum + count, 0)} places in ${Object.keys(redaction.files).length} files`],
      ['Left out', leftOut.length > 0 ? `${leftOut.length} files, see the warnings above` : undefined],
    ]),
  )
  if (counts.length > 0)
    edge.err(
      table(
        ['RULE', 'PLACES'],
        counts.map(([rule, count]) => [rule, String(count)]),
      ),
    )
  const data = { ...result, archive: { ...archive, path: target } }
  edge.out(await show(format, { data, names: [target], table: () => `${safe(target)}\n` }))
  return EXIT.ok
}
