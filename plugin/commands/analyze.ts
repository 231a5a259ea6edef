import { lstat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { EXIT, fail, PROGRAM } from '../../core/errors.ts'
import { sizeBytes } from '../../core/quantity.ts'
import type { AnalysisElement } from '../../core/task.ts'
import { checkSize } from '../flag-values.ts'
import { OUTPUT, readFormat, show } from '../output/format.ts'
import { table, warning } from '../output/text.ts'
import { readNamed } from '../specs.ts'
import { defineArgs, defineVerb, type VerbContext } from '../verb.ts'

const ARGS = defineArgs({
  bundle: { type: 'positional', required: true, description: 'a bundle: its tar.gz, or the folder that it was unpacked to' },
  spec: {
    type: 'string',
    description: 'file with analyzers, - for stdin; may be repeated; default: those that the bundle was made with',
    valueHint: 'FILE',
  },
  memory: { type: 'string', default: '2Gi', description: 'limit for the analyzing process', valueHint: 'SIZE' },
  output: OUTPUT,
})

/** Reading stops at no size of a bundle, but some time must be the last. */
const TIMEOUT_MS = 30 * 60_000

export default defineVerb({
  usage: 'analyze BUNDLE [flags]',
  about:
    'Judges a bundle by analyzers, of ours or of troubleshoot. Works without a cluster; nothing is unpacked. With -o json it prints what analysis.json of the bundle would be. Exit code 7 when an analyzer found a failure.',
  examples: ['analyze support-bundle.tar.gz', 'analyze support-bundle.tar.gz --spec analyzers.yaml -o json'],
  args: ARGS,
  lists: ['spec'],
  async run(context) {
    const { args, edge } = context
    const format = await readFormat(args.output, 'analyze')
    checkSize('analyze', 'memory', args.memory)
    const bundle = await existing(context)
    const specs = await readSpecs(context)
    const outcome = await edge.task(
      { task: 'analyze', bundle, specs, pluginFolders: [] },
      { timeoutMs: TIMEOUT_MS, memoryBytes: sizeBytes(args.memory), signal: edge.signal },
    )
    for (const { message } of outcome.warnings) edge.err(warning(message))
    if (!outcome.result) throw outcome.error ?? fail('INTERNAL', { reason: 'no result' })
    const { analysis, counts } = outcome.result
    edge.out(
      await show(format, {
        data: analysis,
        names: analysis.map(({ name }) => name ?? ''),
        table: () => table(HEADS, analysis.map(rowOf)),
      }),
    )
    edge.err(`${counts.pass} pass, ${counts.warn} warn, ${counts.fail} fail\n`)
    return counts.fail > 0 ? EXIT.runFailed : EXIT.ok
  },
})

async function existing({ args, edge }: VerbContext<typeof ARGS>): Promise<string> {
  const path = resolve(edge.cwd, args.bundle)
  await lstat(path).catch((error: unknown) => {
    throw fail('FILE_NOT_FOUND', { source: args.bundle, reason: 'there is no such file' }, error)
  })
  return path
}

async function readSpecs({ list, edge }: VerbContext<typeof ARGS>): Promise<{ text: string; name: string }[]> {
  const names = list('spec')
  if (names.filter((name) => name === '-').length > 1)
    throw fail('USAGE_ARGUMENTS', {
      command: 'analyze',
      reason: 'can read stdin only once',
      usage: `${PROGRAM} analyze BUNDLE --spec -`,
    })
  return Promise.all(names.map(async (name) => ({ name, text: await readNamed(edge, name) })))
}

const HEADS = ['VERDICT', 'CHECK', 'MESSAGE']
const VERDICTS: Readonly<Record<string, string>> = { error: 'FAIL', warn: 'WARN', debug: 'pass' }

const rowOf = ({ severity, insight }: AnalysisElement) => [VERDICTS[severity] ?? '-', insight.primary, insight.detail]
