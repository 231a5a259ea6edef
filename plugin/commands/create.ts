import { fail, isFailure } from '../../core/errors.ts'
import { checkJobName } from '../../core/job.ts'
import { ANNOTATION_PAUSED, LABEL_KIND } from '../../core/names.ts'
import { parseSchedule } from '../../core/schedule/cron.ts'
import { toYaml } from '../../core/yaml.ts'
import { findDaemon } from '../daemon.ts'
import { checkDraft, emptyDraft, type JobDraft, readDraft } from '../job-draft.ts'
import { openStore, ref } from '../jobs.ts'
import { localTime } from '../output/age.ts'
import { OUTPUT, readFormat, show } from '../output/format.ts'
import { inspect, readNamed, refuseErrors } from '../specs.ts'
import { defineArgs, defineVerb, type VerbContext } from '../verb.ts'

const ARGS = defineArgs({
  name: { type: 'positional', required: false, description: 'name of the job' },
  cron: {
    type: 'string',
    alias: 'c',
    description: 'when: five fields or a macro like @daily; may be repeated',
    valueHint: 'EXPR',
  },
  timezone: {
    type: 'string',
    alias: 'z',
    description: 'time zone of the schedule, like Europe/Berlin; default UTC',
    valueHint: 'ZONE',
  },
  enabled: { type: 'boolean', alias: 'e', default: true, description: 'let it run; --no-enabled makes it wait for "enable"' },
  spec: {
    type: 'string',
    alias: 's',
    description: 'troubleshoot spec to collect, a file or - for stdin; may be repeated',
    valueHint: 'FILE',
  },
  analyze: { type: 'boolean', default: true, description: 'analyze what was collected; on by default' },
  upload: {
    type: 'string',
    description: 'where bundles go: a URL or the name of an uploader; may be repeated',
    valueHint: 'URL',
  },
  'upload-options': { type: 'string', description: 'settings of the upload: key=value, with commas', valueHint: 'K=V,…' },
  description: { type: 'string', alias: 'd', description: 'a line about the job', valueHint: 'TEXT' },
  labels: { type: 'string', description: 'labels of the job: key=value, with commas', valueHint: 'K=V,…' },
  timeout: { type: 'string', description: 'longest time for collecting, like 30m', valueHint: 'DURATION' },
  'starting-deadline': { type: 'string', description: 'skip a slot found later than this, like 15m', valueHint: 'DURATION' },
  'catch-up': { type: 'enum', options: ['none', 'latest'], description: 'after downtime' },
  'keep-last': { type: 'string', description: 'bundles to keep', valueHint: 'N' },
  'max-age': { type: 'string', description: 'age at which bundles go, like 90d', valueHint: 'DURATION' },
  file: { type: 'string', alias: 'f', description: 'job.yaml or a ConfigMap that holds one; - for stdin', valueHint: 'FILE' },
  'dry-run': { type: 'enum', options: ['none', 'client'], description: 'client: print the object, create nothing' },
  output: OUTPUT,
})

export default defineVerb({
  usage: 'create NAME --cron EXPR [flags]   or   create [NAME] -f FILE',
  about: 'Creates a job. Without --spec it collects the basics of this machine; without --upload its bundles stay here.',
  examples: [
    'create nightly --local --cron "0 2 * * *" --timezone Europe/Berlin',
    'create vendor --local --cron @hourly --spec support-bundle.yaml --upload file:///mnt/bundles',
    'create nightly --cron "0 2 * * *" --dry-run=client -o yaml',
  ],
  args: ARGS,
  lists: ['cron', 'spec', 'upload'],
  async run(context) {
    const { args, edge, folder } = context
    const format = readFormat(args.output, 'create')
    const isDry = args['dry-run'] === 'client'
    const draft = args.file === undefined ? emptyFor(context) : readDraft(await readNamed(edge, args.file), args.file)
    const name = args.name ?? draft.name ?? ''
    if (name === '') throw fail('USAGE_ARGUMENTS', { command: 'create', reason: 'needs NAME', usage: 'create NAME --cron EXPR' })
    if (draft.name !== undefined && args.name !== undefined && draft.name !== args.name)
      throw fail('USAGE_ARGUMENTS', {
        command: 'create',
        reason: `got the name "${args.name}", but the file says "${draft.name}"`,
        usage: 'create -f FILE',
      })
    checkJobName(name)
    const value = { ...draft.value, ...(await fromFlags(context)) }
    const spec = checkDraft(value, args.file ?? 'the job')
    const lines = [spec.schedule].flat()
    const schedule = parseSchedule(lines, spec.timeZone)
    for (const warning of schedule.warnings) edge.err(`warning: ${warning.message}\n`)
    await checkParts(context, spec)

    // The zone is always written out: a default that changes must not move a job.
    const text = toYaml({ ...value, timeZone: spec.timeZone })
    const annotations = { ...draft.annotations, ...(args.enabled ? {} : { [ANNOTATION_PAUSED]: 'created disabled' }) }
    const labels = { ...draft.labels, ...pairs(args.labels, 'labels') }
    const configMap = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, labels: { ...labels, [LABEL_KIND]: 'job' }, annotations },
      data: { 'job.yaml': text },
    }
    if (isDry) {
      const shown = format === 'table' ? 'yaml' : format
      return edge.out(
        await show(shown, { data: configMap, names: [`job/${name}`], table: () => `job "${name}" would be created\n` }),
      )
    }
    const store = await openStore(context)
    await store.create(ref('job', name), { text, labels, annotations }).catch((error: unknown) => {
      throw isFailure(error, 'STORE_EXISTS') ? fail('JOB_NAME_TAKEN', { name }, error) : error
    })
    const next = args.enabled && spec.enabled ? schedule.next(edge.clock.now()) : undefined
    const told = `job "${name}" created${next ? `; next run ${localTime(next, spec.timeZone)}` : '; it is disabled'}\n`
    edge.out(await show(format, { data: configMap, names: [`job/${name}`], table: () => told }))
    if (!(await findDaemon(edge, folder))) edge.err('no daemon runs, so nothing will run it yet: start one with "daemon start"\n')
  },
})

type Context = VerbContext<typeof ARGS>

function emptyFor({ args, list }: Context): JobDraft {
  if (args.cron === undefined || list('cron').length === 0)
    throw fail('USAGE_ARGUMENTS', { command: 'create', reason: 'needs --cron or -f', usage: 'create NAME --cron "0 2 * * *"' })
  return { name: undefined, value: emptyDraft(), labels: {}, annotations: {}, namespace: undefined }
}

/** The fields that flags name; each flag is one field. */
async function fromFlags(context: Context): Promise<Record<string, unknown>> {
  const { args, edge, list, folder } = context
  const cron = list('cron')
  const retention = {
    ...(args['keep-last'] ? { keepLast: Number(args['keep-last']) } : {}),
    ...(args['max-age'] ? { maxAge: args['max-age'] } : {}),
  }
  const sources = await Promise.all(list('spec').map(async (name) => ({ name, text: await readNamed(edge, name) })))
  const options = pairs(args['upload-options'], 'upload-options')
  const targets = list('upload').map((url) => ({ url, config: options }))
  const read = sources.length + targets.length > 0 ? await inspect(edge, folder, { sources, targets }) : undefined
  for (const warning of read ? refuseErrors(list('spec').join(', ') || 'upload', read.issues) : [])
    edge.err(`warning: ${warning.message}\n`)
  return {
    ...(cron.length > 0 ? { schedule: cron.length === 1 ? cron[0] : cron } : {}),
    ...(args.timezone ? { timeZone: args.timezone } : {}),
    ...(args.description ? { description: args.description } : {}),
    ...(args.analyze ? {} : { analyze: false }),
    ...(args.timeout ? { timeout: args.timeout } : {}),
    ...(args['starting-deadline'] ? { startingDeadline: args['starting-deadline'] } : {}),
    ...(args['catch-up'] ? { catchUp: args['catch-up'] } : {}),
    ...(Object.keys(retention).length > 0 ? { retention } : {}),
    ...(sources.length > 0 ? { collect: { specs: read?.documents.map((inline) => ({ inline })) } } : {}),
    ...(targets.length > 0 ? { upload: read?.targets } : {}),
  }
}

/** Specs and targets that came with a file are checked as those of flags are. */
async function checkParts({ args, edge, folder }: Context, spec: ReturnType<typeof checkDraft>): Promise<void> {
  if (args.file === undefined) return
  const sources = spec.collect.specs.map(({ inline }, index) => ({ value: inline, name: `collect.specs[${index}]` }))
  if (sources.length + spec.upload.length === 0) return
  const read = await inspect(edge, folder, { sources, targets: spec.upload })
  for (const warning of refuseErrors(args.file, read.issues)) edge.err(`warning: ${warning.message}\n`)
}

function pairs(text: string | undefined, flag: string): Record<string, string> {
  const entries = (text ?? '').split(',').filter(Boolean)
  return Object.fromEntries(
    entries.map((entry) => {
      const at = entry.indexOf('=')
      if (at <= 0)
        throw fail('USAGE_FLAG_VALUE', { flag: `--${flag}`, command: 'create', reason: `needs key=value, not "${entry}"` })
      return [entry.slice(0, at), entry.slice(at + 1)]
    }),
  )
}
