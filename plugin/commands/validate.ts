import { asProblem, EXIT, fail, PROGRAM } from '../../core/errors.ts'
import { checkJobName } from '../../core/job.ts'
import { API_VERSION } from '../../core/names.ts'
import { parseSchedule } from '../../core/schedule/cron.ts'
import type { SpecIssue } from '../../core/task.ts'
import { checkDraft, readDraft } from '../job-draft.ts'
import { OUTPUT, readFormat, show } from '../output/format.ts'
import { safe } from '../output/text.ts'
import { inspect, readNamed, showIssue } from '../specs.ts'
import { defineArgs, defineVerb, type VerbContext } from '../verb.ts'

const ARGS = defineArgs({
  file: {
    type: 'positional',
    required: true,
    valueHint: '...',
    description: 'job.yaml, ConfigMaps of jobs, or troubleshoot specs; - for stdin',
  },
  output: OUTPUT,
})

export default defineVerb({
  usage: 'validate FILE… [flags]',
  about:
    'Checks jobs and troubleshoot specs without a store and without running anything. Exit code 2 when there is an error, 3 when a file is missing.',
  examples: ['validate job.yaml support-bundle.yaml'],
  args: ARGS,
  async run(context) {
    const { args, words, edge } = context
    const format = await readFormat(args.output, 'validate')
    const results: Checked[] = []
    if (words.filter((name) => name === '-').length > 1)
      throw fail('USAGE_ARGUMENTS', { command: 'validate', reason: 'can read stdin only once', usage: `${PROGRAM} validate -` })
    for (const name of words) results.push(await check(context, name))
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
  collectors: string[]
  issues: SpecIssue[]
}

function summary({ file, kind, collectors, issues }: Checked): string {
  if (issues.some((issue) => issue.severity === 'error')) return ''
  return `${safe(file)}: a valid ${kind}${collectors.length > 0 ? ` that collects ${collectors.join(', ')}` : ''}\n`
}

/** What is wrong with one file, even if it cannot be read: the others are checked all the same. */
async function check(context: VerbContext<typeof ARGS>, file: string): Promise<Checked> {
  let text = ''
  try {
    text = await readNamed(context.edge, file)
    return isJob(text) ? await checkJob(context, file, text) : await checkSpec(context, file, text)
  } catch (error) {
    const { code, message } = asProblem(error)
    return {
      file,
      kind: isJob(text) ? 'job' : 'spec',
      collectors: [],
      issues: [{ code, severity: 'error', message, source: file }],
    }
  }
}

async function checkJob({ edge, folder }: VerbContext<typeof ARGS>, file: string, text: string): Promise<Checked> {
  const draft = readDraft(text, file)
  if (draft.name !== undefined) checkJobName(draft.name)
  const spec = checkDraft(draft.value, file)
  const schedule = parseSchedule([spec.schedule].flat(), spec.timeZone)
  const sources = spec.collect.specs.map(({ inline }, index) => ({ value: inline, name: `${file}: collect.specs[${index}]` }))
  const read = await inspect(edge, folder, { sources, targets: spec.upload })
  const warnings: SpecIssue[] = schedule.warnings.map(({ code, message }) => ({
    code,
    severity: 'warning',
    message,
    source: file,
  }))
  return { file, kind: 'job', collectors: keys(read.collectors), issues: [...warnings, ...read.issues] }
}

async function checkSpec({ edge, folder }: VerbContext<typeof ARGS>, file: string, text: string): Promise<Checked> {
  if (text.trim() === '') throw fail('SPEC_EMPTY', { source: file })
  const read = await inspect(edge, folder, { sources: [{ text, name: file }], targets: [] })
  return { file, kind: 'spec', collectors: keys(read.collectors), issues: read.issues }
}

const keys = (collectors: { key: string; isExcluded: boolean }[]) =>
  collectors.filter((one) => !one.isExcluded).map((one) => one.key)

/** A job says so by its apiVersion; a ConfigMap is one if it holds a job. All else is read as a spec. */
function isJob(text: string): boolean {
  const says = new RegExp(`^[\\s{]*"?apiVersion"?:\\s*["']?${API_VERSION}`, 'm')
  return says.test(text) || (/^[\s{]*"?kind"?:\s*["']?ConfigMap/m.test(text) && text.includes('job.yaml'))
}
