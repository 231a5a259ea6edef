import * as z from 'zod'
import { fail, reasonOf } from './errors.ts'
import { AUTO_PROFILES } from './auto-profile.ts'
import { HostRequest, NODES_FROM_TASK, NODES_TO_TASK } from './node-words.ts'
import { ClusterRequest, Identity, NetworkPolicy, ProblemData, SpecIssueData } from './task-parts.ts'

/**
 * The task protocol: what the agent and the CLI say to the task program, and what it says back. NDJSON both ways:
 * parent to child on stdin (its end means cancel), child to parent on fd 3. stdout and stderr are free text.
 * `done` is the only success; an exit without it is an interruption.
 */

/** A spec that is not yet read: `name` is what messages call it; of one with `isRedactor` only the redactors count. */
export const SpecSource = z.union([
  z.object({ text: z.string(), name: z.string(), isRedactor: z.boolean().optional() }),
  z.object({ url: z.string(), name: z.string(), isRedactor: z.boolean().optional() }),
])
export type SpecSource = z.infer<typeof SpecSource>
const UnreadSource = z.union([...SpecSource.options, z.object({ value: z.unknown(), name: z.string() })])

const TokenKey = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .describe('32 bytes in hexadecimal: masked values become tokens; without it, all become the same mask')

/** Collect → redact → analyze → one finished archive in `workFolder`. */
export const RunRequest = z.object({
  task: z.literal('run'),
  run: Identity,
  workFolder: z.string(),
  fileName: z.string().describe('of the archive; its top folder is the name without .tar.gz'),
  specs: z
    .array(z.unknown())
    .describe('troubleshoot documents; none = the default host collectors, with a cluster the default cluster collectors'),
  sources: z.array(SpecSource).optional().describe('more documents, as texts or where they lie; read after `specs`'),
  unread: z
    .object({ sources: z.array(UnreadSource), strict: z.boolean() })
    .optional()
    .describe('specs that nobody has looked at: what is wrong with them is told first, and with an error nothing is collected'),
  specUrls: z
    .array(z.string())
    .optional()
    .describe('what addresses of specs must begin with, for `sources` and for `spec.uri`; none = nothing is fetched'),
  auto: z.enum(AUTO_PROFILES).optional().describe('a profile that adds to the specs what they do not cover'),
  cluster: ClusterRequest.optional().describe('without it, entries that need a cluster fail'),
  mayUseHost: z.boolean().optional().describe('false: entries that look at this machine are refused'),
  hostImage: z.string().optional().describe('of pods on nodes, for a task that makes them itself; none = that of the manifests'),
  onNodes: z.boolean().optional().describe('true: entries that look at a machine look at each node, by way of the parent'),
  analyze: z.boolean(),
  redact: z.boolean().default(true),
  redactors: z.array(z.unknown()).optional().describe('Redactor documents, besides those among the specs'),
  tokenKey: TokenKey.optional(),
  network: NetworkPolicy.optional(),
  timeoutMs: z.int(),
  limits: z.object({ bundleBytes: z.int(), outputBytes: z.int() }),
  pluginFolders: z.array(z.string()).describe('folders of third-party collectors'),
  baseline: z
    .union([z.object({ run: z.string(), path: z.string() }), z.object({ reason: z.string() })])
    .optional()
    .describe(
      'facts of the run to compare with, or why there are none; with either, the facts of this run are left in `workFolder`',
    ),
})
export type RunRequest = z.infer<typeof RunRequest>

const Target = z.object({
  uploader: z.string(),
  config: z.record(z.string(), z.unknown()),
  secrets: z.record(z.string(), z.string()).default({}),
})

/** A bundle, or any folder, as a bundle without what looks like a secret: `fileName` in `workFolder`. The source is only read. */
export const RedactRequest = z.object({
  task: z.literal('redact'),
  source: z.string().describe('a tar, a tar.gz, or a folder'),
  workFolder: z.string(),
  fileName: z.string().describe('of the archive; its top folder is the name without .tar.gz'),
  redactors: z.array(z.unknown()).optional().describe('Redactor documents, applied after the built-in rules'),
  tokenKey: TokenKey.optional(),
  limits: z.object({ bundleBytes: z.int(), outputBytes: z.int() }),
})
export type RedactRequest = z.infer<typeof RedactRequest>

/** One try at one target. */
export const DeliverRequest = z.object({
  task: z.literal('deliver'),
  run: Identity,
  target: Target,
  bundle: z.object({ path: z.string(), fileName: z.string(), size: z.int(), sha256: z.string() }),
  state: z.unknown().optional().describe('what the uploader kept from its last try'),
  network: NetworkPolicy.optional(),
  timeoutMs: z.int(),
  pluginFolders: z.array(z.string()),
})
export type DeliverRequest = z.infer<typeof DeliverRequest>

/** Applies retention at one target: removes the named files. */
export const PruneRequest = z.object({
  task: z.literal('prune'),
  run: Identity,
  target: Target,
  retention: z.object({ keepLast: z.int(), maxAgeMs: z.int(), keepLastGood: z.boolean() }),
  lastGood: z.string().optional().describe('file name of the newest bundle of a completed run'),
  network: NetworkPolicy.optional(),
  timeoutMs: z.int(),
  pluginFolders: z.array(z.string()),
})
export type PruneRequest = z.infer<typeof PruneRequest>

/** Asks a target whether it would take a bundle, and leaves nothing behind there. */
export const VerifyRequest = z.object({
  task: z.literal('verify'),
  run: Identity,
  target: Target,
  network: NetworkPolicy.optional(),
  timeoutMs: z.int(),
  pluginFolders: z.array(z.string()),
})
export type VerifyRequest = z.infer<typeof VerifyRequest>

/** Reads specs and upload targets without doing anything: what would run, and what is wrong with it. */
export const InspectRequest = z.object({
  task: z.literal('inspect-spec'),
  sources: z.array(UnreadSource),
  targets: z.array(
    z.object({
      uploader: z.string().optional(),
      url: z.string().optional(),
      config: z.record(z.string(), z.unknown()).default({}),
    }),
  ),
  auto: z
    .object({ profile: z.enum(AUTO_PROFILES), namespaces: z.array(z.string()).default(['*']) })
    .optional()
    .describe('a profile to add to the specs, as a run in a cluster does, and where its entries look'),
  pluginFolders: z.array(z.string()),
})
export type InspectRequest = z.infer<typeof InspectRequest>

/** Judges a bundle that exists. */
export const AnalyzeRequest = z.object({
  task: z.literal('analyze'),
  bundle: z.string().describe('path of a tar.gz, or of the folder that it was unpacked to'),
  specs: z
    .array(z.object({ text: z.string(), name: z.string() }))
    .describe('texts with analyzers; none = those that the bundle was made with'),
  pluginFolders: z.array(z.string()).describe('analyzers are no plug-ins: not used'),
})
export type AnalyzeRequest = z.infer<typeof AnalyzeRequest>

/** Removes what a run that was killed created in its cluster. */
export const SweepRequest = z.object({
  task: z.literal('sweep'),
  run: Identity,
  cluster: ClusterRequest,
  network: NetworkPolicy.optional(),
  timeoutMs: z.int(),
})
export type SweepRequest = z.infer<typeof SweepRequest>

/** Lists collectors and uploaders, and what did not load. */
export const PluginsRequest = z.object({ task: z.literal('plugins'), pluginFolders: z.array(z.string()) })
export type PluginsRequest = z.infer<typeof PluginsRequest>

export const TaskRequest = z.discriminatedUnion('task', [
  RunRequest,
  DeliverRequest,
  PruneRequest,
  VerifyRequest,
  InspectRequest,
  AnalyzeRequest,
  RedactRequest,
  SweepRequest,
  HostRequest,
  PluginsRequest,
])
export type TaskRequest = z.infer<typeof TaskRequest>

export { ClusterRequest, NetworkPolicy } from './task-parts.ts'
export type * from './task-results.ts'

export const ToTask = z.discriminatedUnion('type', [
  z.object({ type: z.literal('start'), request: TaskRequest }),
  z.object({ type: z.literal('cancel'), reason: z.string(), graceMs: z.int() }),
  z.object({ type: z.literal('token'), token: z.string() }).describe('the answer to `need-token`; empty = there is none'),
  z
    .object({ type: z.literal('kept'), id: z.int(), problem: ProblemData.optional() })
    .describe('the answer to `state`: it is kept for good, or why it could not be'),
  z
    .object({ type: z.literal('alive'), forMs: z.number(), sentAt: z.iso.datetime() })
    .describe('the parent leads for so long, unless it says so again; without it a task has no such end'),
  ...NODES_TO_TASK,
])
export type ToTask = z.infer<typeof ToTask>

export const FromTask = z.discriminatedUnion('type', [
  z.object({ type: z.literal('step'), name: z.string() }).describe('what it is doing now, named when it dies there'),
  z
    .object({ type: z.literal('output'), path: z.string(), bytes: z.int() })
    .describe('the last file that was taken, now and then'),
  z.object({ type: z.literal('warning'), code: z.string(), message: z.string() }),
  z
    .object({ type: z.literal('issues'), issues: z.array(SpecIssueData) })
    .describe('what is wrong with specs that were not looked at before, and runs all the same'),
  z.object({ type: z.literal('progress'), done: z.int(), of: z.int() }),
  z.object({ type: z.literal('need-token') }).describe("the server refused the cluster's bearer token: a new one is wanted"),
  z
    .object({ type: z.literal('state'), value: z.unknown().optional(), id: z.int() })
    .describe("an uploader's state, to be kept for its next try; it goes on once `kept` says so"),
  ...NODES_FROM_TASK,
  z.object({ type: z.literal('failed'), problem: ProblemData }),
  z.object({ type: z.literal('done'), result: z.unknown() }),
])
export type FromTask = z.infer<typeof FromTask>

/** Longest line that either side accepts, in characters: a request holds whole specs. */
const MAX_LINE = 8 * 1024 * 1024

export const encodeMessage = (message: ToTask | FromTask): string => `${JSON.stringify(message)}\n`

/**
 * Splits a stream of text or bytes into lines of NDJSON, checked by `schema`. Throws TASK_PROTOCOL. A last line without its
 * end is what a dying program did not finish saying: it is passed over.
 */
export async function* decodeMessages<Schema extends z.ZodType>(
  stream: AsyncIterable<Uint8Array | string>,
  schema: Schema,
  maxLine = MAX_LINE,
): AsyncGenerator<z.infer<Schema>> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const text = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })
    const lines = text.split('\n')
    for (const [index, piece] of lines.entries()) {
      rest += piece
      if (rest.length > maxLine) throw fail('TASK_PROTOCOL', { reason: `a line is longer than ${maxLine} characters` })
      if (index === lines.length - 1) break
      const line = rest
      rest = ''
      if (line.trim()) yield decodeLine(line, schema)
    }
  }
}

function decodeLine<Schema extends z.ZodType>(line: string, schema: Schema): z.infer<Schema> {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    throw fail('TASK_PROTOCOL', { reason: reasonOf(error) }, error)
  }
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw fail('TASK_PROTOCOL', { reason: reasonOf(z.prettifyError(parsed.error)) })
  return parsed.data
}
