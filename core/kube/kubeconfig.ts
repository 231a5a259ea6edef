import { resolve } from 'node:path'
import { fail } from '../errors.ts'
import { type Connection, fixedCredentials } from './connection.ts'
import { inCluster } from './in-cluster.ts'
import { Entry, invalid } from './kubeconfig-entry.ts'
import { type Kubeconfig, kubeconfigPaths, type KubeconfigSource, readKubeconfigs } from './kubeconfig-files.ts'
import { environmentProxy } from './proxy-choice.ts'
import { type CredentialWorld, pem, userCredentials } from './user-credentials.ts'

/** Environment, files and programs, handed in by the program. */
export type KubeWorld = KubeconfigSource & CredentialWorld

/** kubectl's global flags; each wins over the kubeconfig. Paths start at the current folder. */
export interface KubeOverrides {
  kubeconfig?: string | undefined
  context?: string | undefined
  cluster?: string | undefined
  user?: string | undefined
  namespace?: string | undefined
  server?: string | undefined
  tlsServerName?: string | undefined
  insecureSkipTlsVerify?: boolean | undefined
  certificateAuthority?: string | undefined
  clientCertificate?: string | undefined
  clientKey?: string | undefined
  token?: string | undefined
  username?: string | undefined
  password?: string | undefined
  as?: string | undefined
  asGroups?: readonly string[] | undefined
  asUid?: string | undefined
  disableCompression?: boolean | undefined
}

/**
 * How to talk to the cluster that the user means: kubeconfig files merged, a context chosen, flags on top. Without any
 * kubeconfig, a pod's own ServiceAccount is used.
 *
 * @param what what needs the cluster, for the message when there is none
 * @throws KUBECONFIG_MISSING, KUBECONFIG_INVALID, NOT_SUPPORTED (auth-provider)
 */
export async function loadKubeconfig(world: KubeWorld, overrides: KubeOverrides = {}, what = 'a cluster'): Promise<Connection> {
  const paths = kubeconfigPaths(world, overrides.kubeconfig)
  const config = await readKubeconfigs(world, paths)
  if (config.files.length === 0) {
    const pod = overrides.kubeconfig || overrides.server ? undefined : await inCluster(world)
    if (pod)
      return {
        ...pod,
        namespace: overrides.namespace || pod.namespace,
        headers: impersonation(new Entry(asFields(overrides), FLAGS)),
      }
    if (!overrides.server) throw fail('KUBECONFIG_MISSING', { path: paths.join(', '), what })
  }
  return connect(world, choose(config, overrides), overrides)
}

/** The names of all contexts, and which one is current: for completion and `config`-like output. */
export async function listContexts(
  world: KubeconfigSource,
  overrides: Pick<KubeOverrides, 'kubeconfig'> = {},
): Promise<{ names: string[]; current: string | undefined }> {
  const config = await readKubeconfigs(world, kubeconfigPaths(world, overrides.kubeconfig))
  return { names: [...config.contexts.keys()], current: config.currentContext }
}

/** What stands for the place of a flag's value in messages. */
const FLAGS = { file: 'flags', path: '' }

interface Chosen {
  contextName: string
  userName: string
  context: Entry
  cluster: Entry
  user: Entry
}

function choose(config: Kubeconfig, overrides: KubeOverrides): Chosen {
  const contextName = overrides.context || config.currentContext || ''
  const file = config.files.join(', ') || 'flags'
  const isBare = contextName === '' && (overrides.server || overrides.cluster)
  if (contextName === '' && !isBare) throw invalid({ file, path: '' }, 'no current-context is set; choose one with --context')
  const find = (from: Map<string, Entry>, kind: string, name: string): Entry => {
    const entry = from.get(name)
    if (!entry)
      throw invalid({ file, path: '' }, `there is no ${kind} "${name}"; there are: ${[...from.keys()].join(', ') || 'none'}`)
    return entry
  }
  const context = isBare ? new Entry({}, { file, path: '' }) : find(config.contexts, 'context', contextName)
  const clusterName = overrides.cluster || context.text('cluster')
  const userName = overrides.user || context.text('user')
  const none = new Entry({}, { file, path: '' })
  return {
    contextName,
    userName: userName ?? '',
    context,
    cluster: clusterName === undefined ? none : find(config.clusters, 'cluster', clusterName),
    user: userName === undefined ? none : find(config.users, 'user', userName),
  }
}

function connect(world: KubeWorld, chosen: Chosen, overrides: KubeOverrides): Connection {
  const cluster = overlay(chosen.cluster, clusterFields(overrides))
  const user = overlay(chosen.user, { ...userFields(overrides), ...asFields(overrides) })
  const server = serverOf(cluster)
  const isUnverified = cluster.flag('insecure-skip-tls-verify')
  const ca = pem(cluster, 'certificate-authority', world)
  if (isUnverified && ca)
    throw invalid(cluster.place, 'has a certificate authority and insecure-skip-tls-verify: only one can be meant')
  const readCa = async () => ca?.()
  const proxy = cluster.text('proxy-url') ?? environmentProxy(server, world.env)
  const credentials =
    Object.keys(user.raw).length === 0
      ? fixedCredentials({})
      : userCredentials(user, world, () => execCluster(cluster, server, readCa))
  return {
    server,
    context: chosen.contextName,
    user: chosen.userName,
    namespace: overrides.namespace || chosen.context.text('namespace') || 'default',
    credentials,
    tls: { ca: readCa, isUnverified, serverName: cluster.text('tls-server-name') },
    headers: impersonation(user),
    proxy,
    mayCompress: !cluster.flag('disable-compression'),
  }
}

function serverOf(cluster: Entry): string {
  const server = cluster.text('server')
  if (server === undefined) throw invalid(cluster.place, 'names no server')
  if (!URL.canParse(server) || !/^https?:$/.test(new URL(server).protocol))
    throw invalid(cluster.place, `has a server that is no URL of http or https: ${server}`)
  return server.replace(/\/+$/, '')
}

/** Fields on top of an entry; an undefined one takes the entry's away. */
function overlay(entry: Entry, fields: Record<string, unknown>): Entry {
  return new Entry({ ...entry.raw, ...fields }, entry.place)
}

/** Each flag of kubectl, and which fields of the entry it makes void. */
function clusterFields(flags: KubeOverrides): Record<string, unknown> {
  const noCa = { 'certificate-authority': undefined, 'certificate-authority-data': undefined }
  return {
    ...(flags.server ? { server: /^https?:\/\//.test(flags.server) ? flags.server : `https://${flags.server}` } : {}),
    ...(flags.tlsServerName ? { 'tls-server-name': flags.tlsServerName } : {}),
    ...(flags.disableCompression === undefined ? {} : { 'disable-compression': flags.disableCompression }),
    ...(flags.insecureSkipTlsVerify === undefined ? {} : { 'insecure-skip-tls-verify': flags.insecureSkipTlsVerify }),
    ...(flags.insecureSkipTlsVerify ? noCa : {}),
    ...(flags.certificateAuthority
      ? { ...noCa, 'insecure-skip-tls-verify': false, 'certificate-authority': resolve(flags.certificateAuthority) }
      : {}),
  }
}

function userFields(flags: KubeOverrides): Record<string, unknown> {
  const noWord = {
    token: undefined,
    tokenFile: undefined,
    username: undefined,
    password: undefined,
    exec: undefined,
    'auth-provider': undefined,
  }
  return {
    ...(flags.clientCertificate
      ? { 'client-certificate': resolve(flags.clientCertificate), 'client-certificate-data': undefined }
      : {}),
    ...(flags.clientKey ? { 'client-key': resolve(flags.clientKey), 'client-key-data': undefined } : {}),
    ...(flags.username ? { ...noWord, username: flags.username, password: flags.password } : {}),
    ...(flags.token ? { ...noWord, token: flags.token } : {}),
  }
}

function asFields(flags: KubeOverrides): Record<string, unknown> {
  return {
    ...(flags.as ? { as: flags.as } : {}),
    ...(flags.asGroups?.length ? { 'as-groups': [...flags.asGroups] } : {}),
    ...(flags.asUid ? { 'as-uid': flags.asUid } : {}),
  }
}

/** The headers of impersonation; a list makes one header line for each of its members. */
function impersonation(user: Entry): Record<string, string | string[]> {
  const name = user.text('as')
  const groups = user.texts('as-groups')
  const uid = user.text('as-uid')
  const extra = user.map('as-user-extra')
  if (name === undefined && (groups.length > 0 || uid !== undefined || extra))
    throw invalid(user.place, 'impersonates groups, a uid or extras, but no user ("as")')
  return {
    ...(name === undefined ? {} : { 'impersonate-user': name }),
    ...(groups.length > 0 ? { 'impersonate-group': groups } : {}),
    ...(uid === undefined ? {} : { 'impersonate-uid': uid }),
    ...Object.fromEntries(
      Object.keys(extra?.raw ?? {}).map((key) => [
        `impersonate-extra-${encodeURIComponent(key.toLowerCase())}`,
        extra?.texts(key) ?? [],
      ]),
    ),
  }
}

/** `spec.cluster` of an ExecCredential. */
async function execCluster(
  cluster: Entry,
  server: string,
  ca: () => Promise<string | undefined>,
): Promise<Record<string, unknown>> {
  const trusted = await ca()
  const extension = cluster.maps('extensions').find((entry) => entry.text('name') === 'client.authentication.k8s.io/exec')
  return {
    server,
    ...(cluster.text('tls-server-name') ? { 'tls-server-name': cluster.text('tls-server-name') } : {}),
    ...(cluster.flag('insecure-skip-tls-verify') ? { 'insecure-skip-tls-verify': true } : {}),
    ...(trusted === undefined ? {} : { 'certificate-authority-data': Buffer.from(trusted).toString('base64') }),
    ...(cluster.text('proxy-url') ? { 'proxy-url': cluster.text('proxy-url') } : {}),
    config: extension?.raw['extension'] ?? null,
  }
}
