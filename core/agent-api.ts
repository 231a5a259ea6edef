import * as z from 'zod'

/** What both sides of the HTTP API of an agent in a cluster agree on. */

/** The audience of tokens for the API: one that was made for something else opens nothing there, and this one nothing elsewhere. */
export const API_AUDIENCE = 'support-bundle-schedule'
/** Virtual resources: no such objects exist, but rights on them are plain RBAC. */
export const API_GROUP = 'support-bundle-schedule.io'
/** The ServiceAccount in the agent's namespace whose tokens the CLI asks for: it sees what all namespaces keep. */
export const VIEWER_ACCOUNT = 'support-bundle-schedule-viewer'
/** Of the agent's pods. */
export const AGENT_SELECTOR = 'app.kubernetes.io/name=support-bundle-schedule,app.kubernetes.io/component=agent'
/** The name that manifests give to the container port of health and API. */
export const API_PORT_NAME = 'http'
export const API_PORT = 8080

const ProblemData = z.object({ code: z.string(), message: z.string(), remedy: z.string().optional() })

/** What `/api/v1/agent` tells of the replica that answers. */
export const AgentFacts = z.object({
  version: z.string(),
  startedAt: z.iso.datetime(),
  replica: z.string().optional().describe("its pod's name"),
  isLeader: z.boolean(),
  leader: z.string().optional().describe('who leads, as far as this replica knows'),
  residentBytes: z.number(),
  cpuSeconds: z.number(),
  namespaces: z
    .array(
      z.object({
        name: z.string(),
        isServed: z.boolean(),
        jobs: z.int().optional(),
        lacks: z.array(ProblemData).describe('each with the command that mends it'),
      }),
    )
    .describe('that are opted in'),
})
export type AgentFacts = z.infer<typeof AgentFacts>
