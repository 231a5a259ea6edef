import { asProblem, EXIT, fail, PROGRAM } from '../../core/errors.ts'
import { checkJobName } from '../../core/job.ts'
import { API_VERSION } from '../../core/names.ts'
import { parseSchedule } from '../../core/schedule/cron.ts'
import type { InspectedEntry, InspectResult, SpecIssue, SpecSource } from '../../core/task.ts'
import { checkDraft, readDraft } from '../job-draft.ts'
import { entriesTable } from '../output/entries.ts'
import { OUTPUT, readFormat, show } from '../output/format.ts'
import { safe } from '../output/text.ts'
import { readSource } from '../spec-sources.ts'
import { autoOf, inspect, showIssue, sourcesOf } from '../specs.ts'
import { strictly } from '../../core/spec-issues.ts'
import { defineArgs, defineVerb, type VerbContext } from '../verb.ts'

const ARGS = defineArgs({
  file: {
    type: 'positional',
    required: true,
    valueHint: '...',
    description:
      'job.yaml, ConfigMaps of jobs, or troubleshoot specs: files, addresses, secret/NAMESPACE/NAME, configmap/NAMESPACE/NAME; - for stdin',
  },
  strict: { type: 'boolean', description: 'unknown and misplaced keys are errors' },
  output: OUTPUT,
})

export default defineVerb({
  usage: 'validate FILE… [flags]',
  about:
    'Checks jobs and troubleshoot specs without running anything, and shows what each entry writes and which rights it takes. Exit code 2 when there is an error, 3 when a file is missing.',
  examples: ['validate job.yaml support-bundle.yaml', 'validate --strict support-bundle.yaml'],
  args: ARGS,
  async run(context) {
    const { args, words, edge } = context
    const format = await readFormat(args.output, 'validate')
    const results: Checked[] = []
    if (words.filter((name) => name === '-').length > 1)
      throw fail('USAGE_ARGUMENTS', { command: 'validate', reason: 'can read stdin only once', usage: `${PROGRAM} validate -` })
    for (const name of words) {
      const checked = await check(context, name)
      results.push({ ...checked, issues: strictly(args.strict, checked.issues) })
    }
    const issues = results.flatMap((result) => result.issues)
    const text = () =>
      results.map((result) => result.issues.map((issue) => `${safe(showIssue(issue))}\n`).join('') + summary(result)).join('')
    edge.out(await show(format, { data: { items: results }, names: words, table: text }))
    if (issues.some((issue) => issue.code === 'FILE_NOT_FOUND')) return EXIT.notFound
    return issues.some((issue) => issue.severity === 'error') ? EXIT.usage : EXIT.ok
  },
})

interface Checked {
  file: string
  kind: 'job' | 'spec'
  /** keys of the entries that are not excluded */
  collectors: string[]
  entries: InspectedEntry[]
  /** specs of a job that are read only when it runs */
  elsewhere?: string[]
  issues: SpecIssue[]
}

function summary({ file, kind, entries, elsewhere = [], issues }: Checked): string {
  if (issues.some((issue) => issue.severity === 'error')) return ''
  const later = elsewhere.map((name) => `${safe(name)}: read at each run\n`).join('')
  return `${safe(file)}: a valid ${kind}${entries.length > 0 ? ' that collects' : ''}\n${later}${entriesTable(entries)}`
}

type Context = VerbContext<typeof ARGS>

/** What is wrong with one file, even if it cannot be read: the others are checked all the same. */
async function check(context: Context, file: string): Promise<Checked> {
  let kind: Checked['kind'] = 'spec'
  try {
    const sources = await readSource(context, file)
    const [first] = sources
    if (!first || !('text' in first) || sources.length > 1 || !isJob(first.text)) return await checkSpec(context, file, sources)
    kind = 'job'
    return await checkJob(context, file, first.text)
  } catch (error) {
    const { code, message } = asProblem(error)
    return { file, kind, collectors: [], entries: [], issues: [{ code, severity: 'error', message, source: file }] }
  }
}

async function checkJob({ edge, folder }: Context, file: string, text: string): Promise<Checked> {
  const draft = readDraft(text, file)
  if (draft.name !== undefined) checkJobName(draft.name)
  const spec = checkDraft(draft.value, file)
  const schedule = parseSchedule([spec.schedule].flat(), spec.timeZone)
  const { sources, elsewhere } = sourcesOf(spec, `${file}: `)
  const read = await inspect(edge, folder, { sources, targets: spec.upload, ...autoOf(spec, draft.namespace) })
  const warnings: SpecIssue[] = schedule.warnings.map(({ code, message }) => ({
    code,
    severity: 'warning',
    message,
    source: file,
  }))
  return {
    file,
    kind: 'job',
    ...collected(read),
    ...(elsewhere.length > 0 ? { elsewhere } : {}),
    issues: [...warnings, ...read.issues],
  }
}

async function checkSpec({ edge, folder }: Context, file: string, sources: SpecSource[]): Promise<Checked> {
  if (sources.every((source) => 'text' in source && source.text.trim() === '')) throw fail('SPEC_EMPTY', { source: file })
  const read = await inspect(edge, folder, { sources, targets: [] })
  // Analyzers alone are no spec to collect by, and a whole one for "analyze".
  const isAnalyzers = read.documents.every((document) => (document as { kind?: unknown }).kind === 'Analyzer')
  const issues = read.issues.filter(({ code }) => !(code === 'SPEC_EMPTY' && isAnalyzers && read.documents.length > 0))
  return { file, kind: 'spec', ...collected(read), issues }
}

const collected = ({ collectors }: InspectResult) => ({
  collectors: collectors.filter((one) => !one.isExcluded).map((one) => one.key),
  entries: collectors,
})

/** A job says so by its apiVersion; a ConfigMap is one if it holds a job. All else is read as a spec. */
function isJob(text: string): boolean {
  const says = new RegExp(`^[\\s{]*"?apiVersion"?:\\s*["']?${API_VERSION}`, 'm')
  return says.test(text) || (/^[\s{]*"?kind"?:\s*["']?ConfigMap/m.test(text) && text.includes('job.yaml'))
}
