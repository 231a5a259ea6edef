import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { AGENT_NAME } from '../core/names.ts'
import { fail } from '../core/errors.ts'
import { KubeClient } from '../core/kube/client.ts'
import { loadKubeconfig } from '../core/kube/kubeconfig.ts'
import { durationMs } from '../core/quantity.ts'
import type { AgentArgs } from './args.ts'
import { type ClusterAgent, startClusterAgent } from './cluster-agent.ts'
import { openOwn, type OpenFolder } from './folders.ts'
import { commonEdge, type ProcessEdge } from './local.ts'
import { agentSecret } from './runner/secret.ts'
import { openSharedFolder } from './runner/shared-folder.ts'
import { createRunnerStarter } from './runner/starter.ts'
import { createApp, createMetricsApp, type ServerView } from './server/app.ts'
import { type ClusterSource, clusterRoutes } from './server/cluster-routes.ts'
import { listen } from './server/listen.ts'
import { metricsText } from './server/metrics.ts'
import { reviewAuthorizer } from './server/review-authorizer.ts'
import { servedStores } from './server/served-stores.ts'

const SHORTEST_WAIT_MS = 5_000
const LONGEST_WAIT_MS = 60_000

/** Leads, or waits to; serves health and metrics meanwhile, until the signal aborts. Throws what the start throws. */
export async function runClusterAgent(args: AgentArgs, edge: ProcessEdge, signal: AbortSignal): Promise<void> {
  const { cluster } = args
  if (!cluster)
    throw fail('USAGE_ARGUMENTS', { command: 'agent', reason: 'needs --cluster', usage: 'agent --cluster --folder FOLDER' })
  const common = commonEdge(args, edge)
  const { clock, config, log, random, version } = common
  const connection = await loadKubeconfig(
    common.kubeWorld,
    { kubeconfig: cluster.kubeconfig, context: cluster.context },
    'the agent',
  )
  const leaseMs = durationMs(config.leaseDuration)
  // Who heard nothing for as long as a lease lasts has lost it: waiting longer for an answer only holds up the next term.
  const timeoutMs = Math.min(LONGEST_WAIT_MS, Math.max(SHORTEST_WAIT_MS, leaseMs))
  const client = new KubeClient(connection, { clock, random, userAgent: `support-bundle-schedule-agent/${version}`, timeoutMs })
  const startId = randomUUID()
  const identity = `${cluster.replica?.name ?? 'agent'}_${startId}`
  const { tasks = common.tasks, tasksFolders } = await tasksOf(args, common)
  const agent = startClusterAgent(
    {
      ...common,
      client,
      tasks,
      tasksFolders,
      folder: args.folder,
      holder: { pid: edge.pid, startId },
      replica: cluster.replica,
      election: { namespace: cluster.namespace, name: AGENT_NAME, identity, leaseMs, renewMs: Math.round(leaseMs / 3) },
    },
    signal,
  )
  const startedAt = clock.now()
  const mirrors = () => [...agent.tenants.values()].map((tenant) => tenant.mirror)
  const metrics = () => (config.metricsEnabled ? metricsText(mirrors(), { startedAt, ...common.usage() }) : undefined)
  // A standby is ready too: it takes over when it has to, and shows what it may read.
  const view = {
    notReady: () => undefined,
    ...(config.apiEnabled ? { api: apiOf(agent, { ...common, client, startedAt }) } : {}),
  }
  const servers = [
    await listen(createApp(view), config.port, common.configFile, cluster.host, 'port'),
    await listen(createMetricsApp(metrics), config.metricsPort, common.configFile, cluster.host),
  ]
  log.info({ server: connection.server, ports: servers.map(({ port }) => port), identity, version }, 'agent started')
  await agent.ended
  await Promise.all(servers.map((server) => server.close()))
  log.info({}, 'agent stopped')
}

/** What anyone may see whom the API server lets. */
function apiOf(
  agent: ClusterAgent,
  edge: ReturnType<typeof commonEdge> & { client: KubeClient; startedAt: Date },
): NonNullable<ServerView['api']> {
  const { client, clock, config, log, version, usage, startedAt } = edge
  const source: ClusterSource = {
    ...{ clock, log },
    replica: agent.replica?.uid,
    mirror: (namespace) => agent.tenants.get(namespace)?.mirror,
    store: servedStores({ client, clock, namespaces: config.namespaces, open: (namespace) => agent.access(namespace).store }),
    folders: agent.folders,
    agent: () => ({
      ...usage(),
      version,
      startedAt: startedAt.toISOString(),
      ...(agent.replica ? { replica: agent.replica.name } : {}),
      isLeader: agent.leading() !== undefined,
      ...(agent.leading() && agent.replica ? { leader: agent.replica.name } : {}),
      namespaces: [
        ...[...agent.tenants].map(([name, { mirror }]) => ({ name, isServed: true, jobs: mirror.of('job').size, lacks: [] })),
        ...[...agent.unserved].map(([name, problem]) => ({ name, isServed: false, lacks: [problem] })),
      ],
    }),
  }
  return { authorizer: reviewAuthorizer({ client, clock, log }), routes: clusterRoutes(source) }
}

/** Tasks as children of this process, or behind the runner of another container, which is another user. */
async function tasksOf({ folder, cluster }: AgentArgs, common: ReturnType<typeof commonEdge>) {
  const work = cluster?.work ?? folder
  const plugins = cluster?.plugins ?? join(folder, 'plugins')
  if (cluster?.runner === undefined) return { tasksFolders: { work, plugins, open: openOwn } }
  const { clock, targetEnv } = common
  const secret = await agentSecret(join(folder, 'runner-secret'), () => randomBytes(32).toString('base64url'))
  const tasks = createRunnerStarter(cluster.runner, { clock, secret, targetEnv })
  const open: OpenFolder = (path, use) => openSharedFolder(work, path, use)
  return { tasks, tasksFolders: { work, plugins, open } }
}
