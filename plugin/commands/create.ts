import { fail, isFailure, PROGRAM } from '../../core/errors.ts'
import { checkJobName } from '../../core/job.ts'
import { ANNOTATION_PAUSED, LABEL_KIND } from '../../core/names.ts'
import { parseSchedule } from '../../core/schedule/cron.ts'
import { toYaml } from '../../core/yaml.ts'
import { findDaemon } from '../daemon.ts'
import { checkDuration, readAuto, readCount, readLabels, readPairs } from '../flag-values.ts'
import { checkDraft, checkSize, emptyDraft, type JobDraft, readDraft } from '../job-draft.ts'
import { openCluster, openStore, ref } from '../jobs.ts'
import { localTime } from '../output/age.ts'
import { OUTPUT, readFormat, show } from '../output/format.ts'
import { warning } from '../output/text.ts'
import { readSource } from '../spec-sources.ts'
import { inspect, readNamed, sourcesOf } from '../specs.ts'
import { placed, refuseErrors, strictly } from '../../core/spec-issues.ts'
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
  enabled: { type: 'boolean', alias: 'e', default: true, description: 'let it run' },
  spec: {
    type: 'string',
    alias: 's',
    description:
      'troubleshoot spec to collect: a file, an address, secret/NAMESPACE/NAME, configmap/NAMESPACE/NAME or - for stdin; may be repeated',
    valueHint: 'FILE',
  },
  auto: {
    type: 'string',
    description:
      'add to the specs what a profile looks for: minimal, standard, comprehensive or paranoid; without one it is standard',
    valueHint: '[=PROFILE]',
  },
  since: {
    type: 'string',
    description: 'logs begin so long before a run, like 24h, or with "lastSuccess" where the last completed run began',
    valueHint: 'DURATION',
  },
  strict: { type: 'boolean', description: 'unknown and misplaced keys of specs are errors' },
  analyze: { type: 'boolean', default: true, description: 'analyze what was collected' },
  upload: {
    type: 'string',
    description: 'where bundles go: a URL or the name of an uploader; may be repeated',
    valueHint: 'URL',
  },
  'upload-options': { type: 'string', description: 'settings of the upload: key=value, with commas', valueHint: 'K=V,…' },
  'upload-credentials': {
    type: 'string',
    description: "Secret of the job's namespace that holds the credentials of the upload",
    valueHint: 'SECRET',
  },
  description: { type: 'string', alias: 'd', description: 'a line about the job', valueHint: 'TEXT' },
  labels: { type: 'string', description: 'labels of the job: key=value, with commas', valueHint: 'K=V,…' },
  timeout: { type: 'string', description: 'longest time for collecting, like 30m', valueHint: 'DURATION' },
  'starting-deadline': { type: 'string', description: 'skip a slot found later than this, like 15m', valueHint: 'DURATION' },
  'catch-up': { type: 'enum', options: ['none', 'latest'], description: 'after downtime: run the latest missed slot, or none' },
  'keep-last': { type: 'string', description: 'bundles to keep, 14 unless said otherwise', valueHint: 'N' },
  'max-age': { type: 'string', description: 'age at which bundles go, 90d unless said otherwise', valueHint: 'DURATION' },
  file: { type: 'string', alias: 'f', description: 'job.yaml or a ConfigMap that holds one; - for stdin', valueHint: 'FILE' },
  'dry-run': { type: 'enum', options: ['none', 'client'], description: 'client: check it and create nothing' },
  output: OUTPUT,
})

export default defineVerb({
  usage: 'create NAME --cron "0 2 * * *" [flags]   or   create [NAME] -f FILE',
  about:
    'Creates a job. Without --spec and --auto it collects the basics of this machine; without --upload its bundles stay here.',
  examples: [
    'create nightly --local --cron "0 2 * * *" --timezone Europe/Berlin',
    'create vendor --local --cron @hourly --spec support-bundle.yaml --upload file:///mnt/bundles',
    'create nightly --cron "0 2 * * *" --auto=comprehensive',
    'create nightly --cron "0 2 * * *" --dry-run=client -o yaml',
  ],
  args: ARGS,
  lists: ['cron', 'spec', 'upload'],
  async run(context) {
    const { args, edge } = context
    const format = await readFormat(args.output, 'create')
    const isDry = args['dry-run'] === 'client'
    checkFlags(context)
    const flagLabels = readLabels('create', 'labels', args.labels)
    const draft = args.file === undefined ? emptyFor(context) : readDraft(await readNamed(edge, args.file), args.file)
    const name = nameOf(args.name, draft.name)
    const value = { ...draft.value, ...(await fromFlags(context, draft.value)) }
    const spec = checkDraft(value, args.file ?? 'the job')
    const lines = [spec.schedule].flat()
    const schedule = parseSchedule(lines, spec.timeZone)
    for (const { message } of schedule.warnings) edge.err(warning(message))
    await checkParts(context, spec)

    // The zone is always written out: a default that changes must not move a job.
    const text = toYaml({ ...value, timeZone: spec.timeZone })
    checkSize(text, args.file ?? 'the job')
    const annotations = { ...draft.annotations, ...(args.enabled ? {} : { [ANNOTATION_PAUSED]: 'created disabled' }) }
    const labels = { ...draft.labels, ...flagLabels }
    const configMap = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, labels: { ...labels, [LABEL_KIND]: 'job' }, annotations },
      data: { 'job.yaml': text },
    }
    const shown = { data: configMap, names: [`job/${name}`] }
    if (isDry) return edge.out(await show(format, { ...shown, table: () => `job "${name}" created (dry run)\n` }))
    const store = await openStore(context)
    await store.create(ref('job', name), { text, labels, annotations }).catch((error: unknown) => {
      throw isFailure(error, 'STORE_EXISTS') ? fail('JOB_NAME_TAKEN', { name }, error) : error
    })
    const next = args.enabled && spec.enabled ? schedule.next(edge.clock.now()) : undefined
    const told = `job "${name}" created${next ? `; next run ${localTime(next, spec.timeZone)}` : '; it is disabled'}\n`
    edge.out(await show(format, { ...shown, table: () => told }))
    for (const reason of await whyIdle(context, name, spec)) edge.err(`${reason}\n`)
  },
})

type Context = VerbContext<typeof ARGS>

/** Why nothing will run the job yet. */
async function whyIdle(context: Context, name: string, { upload }: ReturnType<typeof checkDraft>): Promise<string[]> {
  const { args, edge, folder } = context
  const secrets = upload.flatMap(({ credentials }) => credentials?.secret ?? [])
  if (!args.local) return (await openCluster(context)).warnings(name, secrets)
  return (await findDaemon(edge, folder)) ? [] : ['no daemon runs, so nothing will run it yet: start one with "daemon start"']
}

const usage = (reason: string) =>
  fail('USAGE_ARGUMENTS', { command: 'create', reason, usage: `${PROGRAM} create NAME --cron "0 2 * * *", or create -f FILE` })

/** What can be told to be wrong before anything is read. */
function checkFlags({ args, list }: Context): void {
  const stdin = [args.file, ...list('spec')].filter((name) => name === '-')
  if (stdin.length > 1) throw usage('can read stdin only once')
  if (args['upload-options'] !== undefined && list('upload').length === 0)
    throw usage('takes --upload-options only with --upload')
  const credentials = args['upload-credentials']
  if (credentials !== undefined && list('upload').length === 0) throw usage('takes --upload-credentials only with --upload')
  if (credentials !== undefined && args.local)
    throw usage("takes no --upload-credentials with --local: uploaders use this user's own credentials")
  checkDuration('create', 'timeout', args.timeout, '30m', 1000)
  checkDuration('create', 'starting-deadline', args['starting-deadline'], '15m')
  checkDuration('create', 'max-age', args['max-age'], '90d')
  if (args['keep-last'] !== undefined) readCount('create', 'keep-last', args['keep-last'])
  readAuto('create', args.auto)
  if (args.since !== 'lastSuccess') checkDuration('create', 'since', args.since, '24h or "lastSuccess"')
}

function nameOf(given: string | undefined, inFile: string | undefined): string {
  const name = given ?? inFile
  if (name === undefined) throw usage('needs NAME')
  if (inFile !== undefined && inFile !== name) throw usage(`got the name "${name}", but the file says "${inFile}"`)
  checkJobName(name)
  return name
}

function emptyFor({ args, list }: Context): JobDraft {
  if (args.name === undefined) throw usage('needs NAME')
  if (list('cron').length === 0) throw usage('needs --cron or -f')
  return { name: undefined, value: emptyDraft(), labels: {}, annotations: {}, namespace: undefined }
}

/** The fields that flags name; each flag is one field, and leaves its neighbours in the file alone. */
async function fromFlags(context: Context, file: Record<string, unknown>): Promise<Record<string, unknown>> {
  const { args, edge, list, folder } = context
  const cron = list('cron')
  const retention = {
    ...(args['keep-last'] ? { keepLast: Number(args['keep-last']) } : {}),
    ...(args['max-age'] ? { maxAge: args['max-age'] } : {}),
  }
  const sources = (await Promise.all(list('spec').map((name) => readSource(context, name)))).flat()
  const options = readPairs('create', 'upload-options', args['upload-options'])
  const targets = list('upload').map((url) => ({ url, config: options }))
  const read = sources.length + targets.length > 0 ? await inspect(edge, folder, { sources, targets }) : undefined
  for (const issue of read ? refuseErrors(list('spec').join(', '), strictly(args.strict, read.issues)) : [])
    edge.err(warning(placed(issue)))
  const collect = {
    ...(sources.length > 0 ? { specs: read?.documents.map((inline) => ({ inline })) } : {}),
    ...(args.auto === undefined ? {} : { auto: readAuto('create', args.auto) ?? false }),
    ...(args.since === undefined ? {} : { since: args.since }),
  }
  return {
    ...(cron.length > 0 ? { schedule: cron.length === 1 ? cron[0] : cron } : {}),
    ...(args.timezone ? { timeZone: args.timezone } : {}),
    ...(args.description ? { description: args.description } : {}),
    ...(args.analyze ? {} : { analyze: false }),
    ...(args.timeout ? { timeout: args.timeout } : {}),
    ...(args['starting-deadline'] ? { startingDeadline: args['starting-deadline'] } : {}),
    ...(args['catch-up'] ? { catchUp: args['catch-up'] } : {}),
    ...(Object.keys(retention).length > 0 ? { retention: { ...objectAt(file, 'retention'), ...retention } } : {}),
    ...(Object.keys(collect).length > 0 ? { collect: { ...objectAt(file, 'collect'), ...collect } } : {}),
    ...(targets.length > 0 ? { upload: read?.targets.map((target) => ({ ...target, ...credentialsOf(args) })) } : {}),
  }
}

const credentialsOf = (args: Context['args']) =>
  args['upload-credentials'] === undefined ? {} : { credentials: { secret: args['upload-credentials'] } }

const objectAt = (value: Record<string, unknown>, key: string): object => {
  const inner = value[key]
  return typeof inner === 'object' && inner !== null ? inner : {}
}

/** Specs and targets that came with a file are checked as those of flags are. */
async function checkParts({ args, edge, folder }: Context, spec: ReturnType<typeof checkDraft>): Promise<void> {
  if (args.file === undefined) return
  const { sources } = sourcesOf(spec)
  if (sources.length + spec.upload.length === 0) return
  const read = await inspect(edge, folder, { sources, targets: spec.upload })
  for (const issue of refuseErrors(args.file, strictly(args.strict, read.issues))) edge.err(warning(placed(issue)))
}
