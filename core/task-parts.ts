import * as z from 'zod'
import type { HandedConnection } from './kube/handed-connection.ts'

/** What several messages of the task protocol are made of. */

export const ProblemData = z.object({ code: z.string(), message: z.string(), remedy: z.string().optional() })

/** The run that a task works for. */
export const Identity = z.object({
  id: z.string(),
  uid: z.string().optional().describe('tells it from all other runs, also of other stores; none for a run that nobody records'),
  job: z.string(),
  namespace: z.string(),
  slot: z.iso.datetime(),
  trigger: z.enum(['schedule', 'manual', 'once']),
})

/** What is wrong with a spec, and where. */
export const SpecIssueData = z.object({
  code: z.string(),
  severity: z.enum(['error', 'warning']),
  message: z.string(),
  source: z.string(),
  line: z.number().optional(),
  column: z.number().optional(),
})

/**
 * A cluster as whom and where to collect. It holds credentials: they travel in messages on stdin, never in argv, environment,
 * logs or errors.
 */
export const ClusterRequest = z.object({
  connection: z.object({
    server: z.string(),
    context: z.string(),
    user: z.string(),
    namespace: z.string(),
    ca: z.string().optional(),
    isUnverified: z.boolean(),
    serverName: z.string().optional(),
    credential: z.object({
      authorization: z.string().optional(),
      cert: z.string().optional(),
      key: z.string().optional(),
    }),
    headers: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
    proxy: z.string().optional(),
    mayCompress: z.boolean(),
  }) satisfies z.ZodType<HandedConnection>,
  namespaces: z.array(z.string()).default(['*']).describe('where entries look that name none; "*" = wherever it may'),
  since: z.iso.datetime().optional().describe('logs begin here, whatever the entries say'),
  hasRuns: z
    .boolean()
    .optional()
    .describe('runs are ConfigMaps of this cluster: what a run creates in its namespace goes with it'),
  podTokens: z.boolean().optional().describe('true: pods that collectors create may have the token of their ServiceAccount'),
  withheld: z.array(z.string()).optional().describe('Secrets as namespace/name that no collector gets'),
  apiQps: z.number().positive().optional().describe('requests a second, at most'),
})
export type ClusterRequest = z.infer<typeof ClusterRequest>

/** Where a task may connect to; without it anywhere, as its user may. */
export const NetworkPolicy = z.object({
  refused: z.array(z.string()).describe('ranges like 10.0.0.0/8, besides what nobody may reach: loopback, link-local, metadata'),
  allowed: z.array(z.string()).describe('ranges that may be reached all the same'),
  server: z.string().optional().describe('host:port of the API server, for a task that collects from it'),
})
export type NetworkPolicy = z.infer<typeof NetworkPolicy>
