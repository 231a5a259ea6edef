import { fail, type ProductError, PROGRAM } from '../../core/errors.ts'
import type { KubeClient } from '../../core/kube/client.ts'
import { handOver, tokenRenewal } from '../../core/kube/handed-connection.ts'
import { getObject } from '../../core/kube/objects.ts'
import { resourcePath } from '../../core/kube/path.ts'
import { isStatus } from '../../core/kube/status-error.ts'
import { COLLECTOR_ACCOUNT, STORE_ACCOUNT, TOKEN_KEY_NAME, TOKEN_KEY_SECRET } from '../../core/names.ts'
import { createConfigMapStore } from '../../core/store/config-map-store.ts'
import type { OnProblem, Store } from '../../core/store/store.ts'
import type { NetworkPolicy } from '../../core/task.ts'
import type { AgentConfig } from '../config.ts'
import { nodeAccess } from '../hosts/node-access.ts'
import type { Outside } from '../outside.ts'
import { readSpecSource } from '../spec-source.ts'
import { accountCredentials } from './account-credentials.ts'

/** What the agent may do in a namespace: all of it with the rights of that namespace's own accounts. */
export interface TenantAccess {
  store: Store
  outside: Outside
}

const STORE_SECONDS = 3_600
/** The least that a server gives. A task asks for another when the server refuses it. */
const COLLECTOR_SECONDS = 600

/**
 * Works in a namespace as its two accounts: one keeps records and reads upload credentials, and never leaves this process; the
 * tokens of the other are what a task collects with.
 *
 * @param agent the agent's own client, which may ask for tokens and for nothing of a tenant
 */
export function tenantAccess(agent: KubeClient, namespace: string, policy: TenantPolicy, onProblem: OnProblem): TenantAccess {
  const credentialsOf = (name: string, tokenSeconds: number) => accountCredentials(agent, { namespace, name, tokenSeconds })
  const keeper = agent.withCredentials(
    credentialsOf(STORE_ACCOUNT, STORE_SECONDS),
    `ServiceAccount ${namespace}/${STORE_ACCOUNT}`,
  )
  const collector = {
    ...agent.connection,
    user: `ServiceAccount ${namespace}/${COLLECTOR_ACCOUNT}`,
    namespace,
    credentials: credentialsOf(COLLECTOR_ACCOUNT, COLLECTOR_SECONDS),
    headers: {},
  }
  return {
    store: createConfigMapStore({ client: keeper, onProblem }),
    outside: {
      async cluster(spec) {
        const { namespaces } = spec.collect
        const connection = await handOver(collector)
        const podTokens = policy.podTokens.includes(namespace)
        const request = { connection, podTokens, hasRuns: true, namespaces: namespaces.length > 0 ? namespaces : [namespace] }
        return { request, renewToken: tokenRenewal(collector, connection) }
      },
      mayUseHost: false,
      nodes: policy.hosts.includes(namespace) ? nodeAccess(agent, policy.hostImage) : undefined,
      network: () => networkOf(policy, namespace),
      specSource: (ref) => readSpecSource(keeper, namespace, ref),
      specUrls: () => policy.specUrls,
      refusesUploader: (name) => refusalOf(policy, name),
      secret: (name) => readSecret(keeper, namespace, name),
      tokenKey: () => readTokenKey(keeper, namespace),
    },
  }
}

/** What the agent's config says that no job changes. */
export type TenantPolicy = Pick<
  AgentConfig,
  'clusterRanges' | 'networks' | 'uploaders' | 'specUrls' | 'podTokens' | 'hosts' | 'hostImage'
>

function networkOf({ clusterRanges, networks }: TenantPolicy, namespace: string): NetworkPolicy {
  const own = networks.filter(({ namespaces }) => namespaces.length === 0 || namespaces.includes(namespace))
  return { refused: clusterRanges, allowed: own.flatMap(({ allow }) => allow) }
}

/** Writes to the disk of whoever runs it. */
const ON_DISK = 'local'

function refusalOf({ uploaders }: TenantPolicy, name: string): ProductError | undefined {
  const isAllowed = uploaders.length > 0 ? uploaders.includes(name) : name !== ON_DISK
  return isAllowed ? undefined : fail('UPLOADER_REFUSED', { name })
}

/** Undefined when there is none, or none that is one: values are then masked without a token. */
async function readTokenKey(client: KubeClient, namespace: string): Promise<string | undefined> {
  const path = resourcePath({ version: 'v1', namespace, plural: 'secrets', name: TOKEN_KEY_SECRET })
  const item = await getObject(client, path).catch((error: unknown) => {
    if (isStatus(error, 403)) return undefined
    throw error
  })
  const { data } = (item?.json ?? {}) as { data?: Record<string, string> }
  const key = Buffer.from(data?.[TOKEN_KEY_NAME] ?? '', 'base64')
    .toString()
    .trim()
  return /^[0-9a-f]{64}$/.test(key) ? key : undefined
}

async function readSecret(client: KubeClient, namespace: string, name: string): Promise<Record<string, string>> {
  const path = resourcePath({ version: 'v1', namespace, plural: 'secrets', name })
  const remedy = `let the agent read it: ${PROGRAM} install namespace ${namespace}`
  const item = await getObject(client, path).catch((error: unknown) => {
    if (isStatus(error, 403)) throw fail('UPLOAD_FAILED', { name, reason: `the Secret "${name}" may not be read`, remedy }, error)
    throw error
  })
  const found = item?.json as { data?: Record<string, string> } | undefined
  if (!found)
    throw fail('UPLOAD_FAILED', {
      name,
      reason: `there is no Secret "${name}"`,
      remedy: `make it: kubectl create secret generic ${name} -n ${namespace}`,
    })
  return Object.fromEntries(
    Object.entries(found.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  )
}
