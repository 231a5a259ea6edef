import * as z from 'zod'
import { fail } from '../core/errors.ts'
import { DURATION, durationMs, SIZE, sizeBytes } from '../core/quantity.ts'
import { keysAt } from '../core/schema-keys.ts'
import { hint } from '../core/suggest.ts'
import { parseYaml } from '../core/yaml.ts'

/** Longer spans are typing mistakes, and no instants any more. */
const LONGEST_MS = 3_660 * 86_400_000
const Duration = z
  .string()
  .regex(DURATION, { error: 'is not a duration like 30s or 7d', abort: true })
  .refine((text) => durationMs(text) <= LONGEST_MS, 'is longer than 10 years')
const Size = z
  .string()
  .regex(SIZE, { error: 'is not a size like 10Mi', abort: true })
  .refine((text) => sizeBytes(text) > 0 && Number.isSafeInteger(sizeBytes(text)), 'must be more than 0 and less than 8192Ti')

const Range = z.union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()], { error: 'is not a range of addresses like 10.0.0.0/8' })

/** The image that the manifests name. */
export const IMAGE = 'localhost/support-bundle-schedule:0.1.0'

/** `config/scheduler.yaml`: the agent's settings. Each key does what it says; all defaults stand here. */
export const AgentConfig = z.strictObject({
  namespaces: z
    .array(z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'is not the name of a namespace'))
    .default([])
    .describe('in a cluster: the namespaces to serve; none = those that are opted in by label'),
  clusterRanges: z
    .array(Range)
    .default(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'])
    .describe('in a cluster: addresses of pods, services and nodes, which uploads may not reach'),
  networks: z
    .array(z.strictObject({ namespaces: z.array(z.string()).default([]), allow: z.array(Range) }))
    .default([])
    .describe('in a cluster: ranges that uploads of these namespaces may reach all the same; no namespaces = all'),
  uploaders: z
    .array(z.string())
    .default([])
    .describe('in a cluster: what jobs may upload with; none = all but "local", which writes to the disk of the agent'),
  specUrls: z
    .array(z.url({ protocol: /^https?$/, error: 'is not the beginning of an http(s) address' }))
    .default([])
    .describe('in a cluster: addresses below which jobs may have their specs; none = no address at all'),
  podTokens: z
    .array(z.string())
    .default([])
    .describe('in a cluster: namespaces whose jobs may create pods with the token of a ServiceAccount'),
  hosts: z
    .array(z.string())
    .default([])
    .describe('in a cluster: namespaces whose jobs may look at nodes, as root, by pods in support-bundle-schedule-host'),
  hostImage: z.string().min(1).default(IMAGE).describe('in a cluster: image of those pods, which is the one of the agent'),
  defaultMaxConcurrent: z.int().min(1).max(64).default(2).describe('runs at work at the same time'),
  checkInterval: Duration.refine((text) => durationMs(text) >= 1000, 'is shorter than 1s')
    .default('30s')
    .describe('longest pause between two looks at everything'),
  maxMemoryMB: z.int().min(64).default(2048).describe('ceiling for "limits.memory" of any job, in MiB'),
  maxBundleSize: Size.default('16Gi').describe('ceiling for "limits.bundle" of any job'),
  maxDiskSpaceMB: z
    .int()
    .min(1)
    .default(10_240)
    .describe('bundles of one namespace that are kept or on their way, in MiB: above it runs fail until there is room'),
  leaseDuration: Duration.refine((text) => durationMs(text) >= 1000, 'is shorter than 1s')
    .default('30s')
    .describe('in a cluster: an agent that is gone is replaced after this long; renewed three times within it'),
  deliverWithin: Duration.default('7d').describe('a delivery is tried again for this long'),
  metricsEnabled: z.boolean().default(true).describe('serve /metrics'),
  apiEnabled: z.boolean().default(true).describe('in a cluster: serve /api/v1; it needs the right to review tokens and accesses'),
  port: z.int().min(0).max(65535).default(8080).describe('in a cluster: port of health and API; 0 = any free one'),
  metricsPort: z
    .int()
    .min(0)
    .max(65535)
    .default(9090)
    .describe('in a cluster: port of /metrics; on a computer: loopback port of everything; 0 = any free one'),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  logFile: z.string().min(1).default('logs/daemon.log').describe('of a daemon in the background; relative to the store folder'),
  logRotateSize: Size.default('10Mi').describe('a larger log file is renamed and a new one begun'),
  logRotateAge: Duration.default('7d').describe('renamed log files older than this are removed'),
  storageConfig: z
    .strictObject({ backupEnabled: z.boolean().default(true).describe('keep second copies of jobs, runs and ledgers') })
    .prefault({}),
})
export type AgentConfig = z.infer<typeof AgentConfig>

/** Reads the config's text; an empty one is all defaults. Throws CONFIG_INVALID with every place that is wrong. */
export function readConfig(text: string, file: string): AgentConfig {
  const { value, issues } = parseYaml(text)
  if (issues.length > 0)
    throw fail('CONFIG_INVALID', { file, issues: issues.map((issue) => `line ${issue.line}: ${issue.message}`).join('; ') })
  const parsed = AgentConfig.safeParse(value ?? {})
  if (parsed.success) return parsed.data
  throw fail('CONFIG_INVALID', { file, issues: showConfigIssues(parsed.error) })
}

/** One line for every place that is wrong. */
export function showConfigIssues(error: z.ZodError): string {
  const places = error.issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return [`${issue.path.join('.')}: ${issue.message}`]
    const known = keysAt(AgentConfig, issue.path)
    return issue.keys.map((key) => `${[...issue.path, key].join('.')}: is not a known key${hint(key, known)}`)
  })
  return places.map((place) => place.replace(/^: /, '')).join('; ')
}
