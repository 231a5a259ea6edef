import { AUTO_PROFILES, DEFAULT_AUTO } from './auto-profile.ts'
import * as z from 'zod'
import { API_VERSION, JOB_NAME } from './names.ts'
import { fail } from './errors.ts'
import { DURATION, durationMs, SIZE, sizeBytes } from './quantity.ts'
import { keysAt } from './schema-keys.ts'
import { hint } from './suggest.ts'

/** Longer spans are typing mistakes, and no instants any more. */
const LONGEST_MS = 3_660 * 86_400_000
const Duration = z
  .string()
  .regex(DURATION, { error: 'is not a duration like 90s, 30m, 6h or 90d', abort: true })
  .refine((text) => durationMs(text) <= LONGEST_MS, 'is longer than 10 years')
const LongDuration = Duration.refine((text) => durationMs(text) >= 1000, 'is shorter than 1s')
const Size = z
  .string()
  .regex(SIZE, { error: 'is not a size like 512Mi or 2Gi', abort: true })
  .refine((text) => sizeBytes(text) > 0, 'must be more than 0')

/** Of `SPEC_KEYS`, the one of specs that collect. */
const SPEC_KEY = 'support-bundle-spec'
const ObjectKey = z.strictObject({
  name: z.string().min(1).max(253),
  key: z.string().min(1).max(253).default(SPEC_KEY),
})

/** Where a troubleshoot spec is, in one way of four. What is in it is checked by the task program, which knows the collectors. */
const SpecSource = z
  .strictObject({
    inline: z.record(z.string(), z.unknown()).optional().describe('a troubleshoot.sh/v1beta2 document'),
    configMap: ObjectKey.optional().describe("a ConfigMap of the job's namespace, read at each run"),
    secret: ObjectKey.optional().describe("a Secret of the job's namespace, read at each run"),
    url: z
      .url({ protocol: /^https?$/, error: 'is not an http(s) address' })
      .optional()
      .describe('read at each run; in a cluster only from addresses that the agent\'s config allows by "specUrls"'),
  })
  .refine((source) => Object.values(source).filter((one) => one !== undefined).length === 1, {
    error: 'must have one of inline, configMap, secret and url',
  })

const Upload = z.strictObject({
  uploader: z.string().min(1).max(100).describe('name of an uploader, like "local"'),
  config: z.record(z.string(), z.unknown()).default({}).describe("the uploader's own settings"),
  credentials: z
    .strictObject({ secret: z.string().min(1).max(253) })
    .optional()
    .describe("a Secret of the job's namespace; only in a cluster"),
})

const Auto = z.union([z.enum(AUTO_PROFILES), z.boolean().transform((isOn) => (isOn ? DEFAULT_AUTO : undefined))])

/** A namespace, or `*` for all that may be read. */
const NamespaceName = z.string().regex(/^(\*|[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)$/, 'is not the name of a namespace')

/**
 * What a user schedules: `job.yaml`. It holds only fields that work, and all defaults stand here and nowhere else.
 * Durations and sizes stay as they were written; `durationMs` and `sizeBytes` read them.
 */
export const JobSpec = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  description: z.string().max(500).default(''),
  schedule: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1).max(20)])
    .describe('five cron fields or a macro like @daily; several lines are united'),
  timeZone: z.string().min(1).default('UTC').describe('IANA name, like Europe/Berlin'),
  enabled: z.boolean().default(true),
  startingDeadline: LongDuration.default('15m').describe('a slot found later than this is skipped and recorded'),
  catchUp: z.enum(['none', 'latest']).default('latest').describe('after downtime: run the latest missed slot, or none'),
  overlap: z.enum(['skip']).default('skip').describe('a slot that comes while a run is under way is skipped and recorded'),
  timeout: LongDuration.default('30m').describe('longest time for collecting'),
  collect: z
    .strictObject({
      specs: z
        .array(SpecSource)
        .default([])
        .describe('none = the default collectors: of the namespaces in a cluster, else of this machine'),
      auto: Auto.optional().describe(
        'besides the specs, what a profile looks for: minimal, standard, comprehensive or paranoid; true = standard',
      ),
      namespaces: z
        .array(NamespaceName)
        .max(200)
        .default([])
        .describe("where entries look that name none; none = the job's own namespace, * = all that may be read"),
      since: z
        .union([z.literal('lastSuccess'), Duration], { error: 'is neither "lastSuccess" nor a duration like 24h' })
        .optional()
        .describe('logs begin there, whatever the entries say: a time before the run, or where the last completed run began'),
    })
    .prefault({}),
  redact: z
    .strictObject({
      specs: z.array(SpecSource).max(50).default([]).describe('Redactor documents, applied after the built-in rules'),
    })
    .prefault({}),
  analyze: z.boolean().default(true),
  upload: z.array(Upload).max(8).default([]).describe('none = the bundle stays in the bundles folder'),
  retention: z
    .strictObject({
      keepLast: z.int().min(1).max(10_000).default(14),
      maxAge: Duration.default('90d'),
      keepLastGood: z.boolean().default(true).describe('the newest bundle of a completed run is never removed'),
    })
    .prefault({}),
  limits: z
    .strictObject({
      memory: Size.default('1Gi').describe('of the task process, in all'),
      bundle: Size.default('4Gi').describe('of the archive; later outputs are left out'),
    })
    .prefault({}),
})
export type JobSpec = z.infer<typeof JobSpec>
export type JobSpecSource = z.infer<typeof SpecSource>

/** What messages call a spec of a job: `collect.specs[0]`, with the object or address that it is read from. */
export function specSourceName({ configMap, secret, url }: JobSpecSource, index: number, field = 'collect.specs'): string {
  const from = configMap ? `ConfigMap ${configMap.name}` : secret ? `Secret ${secret.name}` : url
  return from === undefined ? `${field}[${index}]` : `${field}[${index}] (${from})`
}

/** What is wrong at one place of a job. `isUnknownKey`: nothing but a key that this version does not know. */
export interface JobIssue {
  path: string
  message: string
  isUnknownKey: boolean
}

/**
 * Reads a parsed job. With issues that are all unknown keys, `spec` is still given: an older agent runs such a job as
 * degraded rather than not at all, unless the key stands where leaving it out would be unsafe.
 */
export function readJob(value: unknown): { spec?: JobSpec; issues: JobIssue[] } {
  const strict = JobSpec.safeParse(value)
  if (strict.success) return { spec: strict.data, issues: [] }
  const leaves = strict.error.issues.flatMap(leavesOf)
  const issues = leaves.flatMap(toIssues)
  if (!issues.every((issue) => issue.isUnknownKey && !isUnsafe(issue.path))) return { issues }
  const without = structuredClone(value)
  for (const issue of leaves) if (issue.code === 'unrecognized_keys') removeKeys(without, issue.path, issue.keys)
  const lenient = JobSpec.safeParse(without)
  if (lenient.success) return { spec: lenient.data, issues }
  return { issues: [...issues, ...lenient.error.issues.flatMap(leavesOf).flatMap(toIssues)] }
}

/** One line for all issues of a job. */
export function showIssues(issues: readonly JobIssue[]): string {
  return issues.map((issue) => (issue.path ? `${issue.path} ${issue.message}` : issue.message)).join('; ')
}

/** Throws JOB_NAME_INVALID with the reason. */
export function checkJobName(name: string): void {
  if (JOB_NAME.test(name)) return
  const reasons: [boolean, string][] = [
    [name === '', 'it is empty'],
    [name.length > 52, `it has ${name.length} characters`],
    [/[A-Z]/.test(name), 'it has upper-case letters'],
    [/^-|-$/.test(name), 'it begins or ends with "-"'],
    [true, 'it has characters that are not allowed'],
  ]
  throw fail('JOB_NAME_INVALID', { name, reason: reasons.find(([applies]) => applies)?.[1] ?? '' })
}

/** JSON Schema of job.yaml, for editors and docs/job.schema.json. */
export const jobJsonSchema = () => z.toJSONSchema(JobSpec, { io: 'input' })

/** Leaving out a key that was to protect something would undo the protection: such jobs do not run. */
const isUnsafe = (path: string) => /^(redact|encrypt|limits)(\.|$)/.test(path)

type Issue = z.core.$ZodIssue

/** A value that fits none of several shapes: what is wrong with it as the one that it comes nearest to. */
function leavesOf(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union') return [issue]
  const branches = issue.errors.map((errors) => errors.flatMap(leavesOf))
  const wanted = branches.flatMap((errors) => wrongType(errors) ?? [])
  if (wanted.length === branches.length && wanted[0]) {
    const received = wanted[0].message.replace(/^.*(?=received )/, '')
    const message = `Invalid input: expected ${wanted.map((one) => one.expected).join(' or ')}, ${received}`
    return [{ ...wanted[0], path: issue.path, message }]
  }
  const depth = (errors: Issue[]) => (wrongType(errors) ? -1 : Math.max(...errors.map((error) => error.path.length)))
  const nearest = branches.toSorted((a, b) => depth(b) - depth(a))[0] ?? []
  return nearest.map((error) => ({ ...error, path: [...issue.path, ...error.path] }))
}

const wrongType = ([first]: Issue[]) => (first?.code === 'invalid_type' && first.path.length === 0 ? first : undefined)

function toIssues(issue: Issue): JobIssue[] {
  const path = showPath(issue.path)
  if (issue.code !== 'unrecognized_keys') {
    const isMissing = issue.code === 'invalid_type' && issue.message.includes('received undefined')
    return [{ path, message: isMissing ? 'is missing' : phrase(issue.message), isUnknownKey: false }]
  }
  const known = keysAt(JobSpec, issue.path)
  return issue.keys.map((key) => ({
    path: showPath([...issue.path, key]),
    message: `is not a known key${hint(key, known)}`,
    isUnknownKey: true,
  }))
}

/** Goes on after the path: "upload[0].uploader too small: …". */
function phrase(message: string): string {
  const text = message.replace(/^Invalid input: /, '')
  return text.slice(0, 1).toLowerCase() + text.slice(1)
}

function showPath(path: readonly PropertyKey[]): string {
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index ? '.' : ''}${String(part)}`)).join('')
}

function removeKeys(value: unknown, path: readonly PropertyKey[], keys: string[]): void {
  let node = value as Record<PropertyKey, unknown>
  for (const part of path) node = node[part] as Record<PropertyKey, unknown>
  for (const key of keys) delete node[key]
}
