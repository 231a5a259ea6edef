import type { Permission } from '../../core/contract/index.ts'
import type { JobSpec } from '../../core/job.ts'
import { type Right, type Rule, rightsOf } from './rules.ts'

/** A collector as `manifest.json` declares it. */
export interface CollectorPermissions {
  specKey: string
  permissions: Permission[]
}

interface Entry {
  key: string
  config: Record<string, unknown>
  /** of what its collector declares, when that is not all */
  asks?: (right: { resource: string; verb: string }) => boolean
}

/** A right that a job's collectors want, and where: undefined = in the whole cluster. */
export interface WantedRight {
  right: Right
  namespace: string | undefined
  collectors: string[]
}

export interface Wanted {
  rights: WantedRight[]
  /** declared, but not asked for: with the reason */
  leftOut: { right: Right; reason: string; collectors: string[] }[]
  /** spec keys whose collectors declare nothing that is known here */
  unknown: string[]
}

const ANYWHERE = '*'

/** Kinds of the whole cluster: no Role grants them. `namespaces` may be got by a Role of that namespace, but not listed. */
const OF_THE_CLUSTER: ReadonlySet<string> = new Set([
  'nodes',
  'nodes/proxy',
  'nodes.metrics.k8s.io',
  'persistentvolumes',
  'apiservices.apiregistration.k8s.io',
  'csidrivers.storage.k8s.io',
  'csinodes.storage.k8s.io',
  'flowschemas.flowcontrol.apiserver.k8s.io',
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io',
  'runtimeclasses.node.k8s.io',
  'certificatesigningrequests.certificates.k8s.io',
  'clusterrolebindings.rbac.authorization.k8s.io',
  'clusterroles.rbac.authorization.k8s.io',
  'customresourcedefinitions.apiextensions.k8s.io',
  'ingressclasses.networking.k8s.io',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io',
  'validatingwebhookconfigurations.admissionregistration.k8s.io',
  'priorityclasses.scheduling.k8s.io',
  'storageclasses.storage.k8s.io',
  'volumeattachments.storage.k8s.io',
])

/**
 * What the collectors of a job declare, for the namespaces that they look in. `documents`: its specs, read. `isClusterWide`:
 * also kinds of the whole cluster, which a job that looks in single namespaces does without.
 */
export function wantedRights(
  job: { namespace: string; spec: JobSpec },
  documents: readonly unknown[],
  manifests: readonly CollectorPermissions[],
  isClusterWide: boolean,
): Wanted {
  const { namespaces } = job.spec.collect
  const byDefault = namespaces.length > 0 ? namespaces : [job.namespace]
  const wanted = new Map<string, WantedRight>()
  const leftOut = new Map<string, Wanted['leftOut'][number]>()
  const unknown = new Set<string>()
  for (const entry of entriesOf(documents).flatMap(separate)) {
    const manifest = manifests.find(({ specKey }) => specKey === entry.key)
    if (!manifest) unknown.add(entry.key)
    const where = placesOf(entry, byDefault, job.namespace)
    const isEverywhere = isClusterWide || [...where, ...byDefault].includes(ANYWHERE)
    for (const permission of manifest?.permissions ?? [])
      for (const right of narrowed(entry, permission).flatMap(rightsOf)) {
        if (entry.asks && 'resource' in right && !entry.asks(right)) continue
        const reason = whyNot(right, manifest?.permissions.length ?? 0, isEverywhere)
        const places = isOfCluster(right) || where.includes(ANYWHERE) ? [undefined] : where
        if (reason === undefined) for (const namespace of places) add(wanted, { right, namespace }, entry.key)
        else add(leftOut, { right, reason }, entry.key)
      }
  }
  return { rights: [...wanted.values()], leftOut: [...leftOut.values()], unknown: [...unknown] }
}

function add<Key extends object>(known: Map<string, Key & { collectors: string[] }>, what: Key, collector: string): void {
  const key = JSON.stringify(what, (_, value: unknown) => value ?? null)
  const found = known.get(key)
  if (!found) known.set(key, { ...what, collectors: [collector] })
  else if (!found.collectors.includes(collector)) found.collectors.push(collector)
}

/** The entries of all specs that run in the cluster, with those that every bundle has. */
function entriesOf(documents: readonly unknown[]): Entry[] {
  const lists = documents.map((document) => (document as { spec?: Record<string, unknown> } | null)?.spec ?? {})
  const own = lists.flatMap((spec) => listed(spec['collectors']))
  const isHostOnly = own.length === 0 && lists.some((spec) => listed(spec['hostCollectors']).length > 0)
  if (isHostOnly) return []
  const defaults = ['clusterInfo', 'clusterResources', ...(documents.length === 0 ? ['logs'] : [])]
  const added = defaults.filter((key) => !own.some((entry) => entry.key === key)).map((key) => ({ key, config: {} }))
  return [...own.filter(({ config }) => String(config['exclude']) !== 'true'), ...added]
}

function listed(list: unknown): Entry[] {
  const entries = Array.isArray(list) ? (list as unknown[]) : []
  return entries.flatMap((entry) =>
    Object.entries((entry ?? {}) as Record<string, unknown>).map(([key, config]) => ({
      key,
      config: (typeof config === 'object' && config !== null ? config : {}) as Record<string, unknown>,
    })),
  )
}

/** Collectors whose `name` is that of an object; that of others is a folder in the bundle. */
const isKeyed = (key: string) => key === 'secret' || key === 'configMap'

/** Collectors that create pods, in one namespace, and look at nothing else that lies in one. */
const IN_ONE_PLACE: ReadonlySet<string> = new Set(['run', 'runPod', 'runDaemonSet', 'copyFromHost', 'sysctl', 'dns'])

/** A pod of its own asks for names; besides, DNS is looked at where clusters have it, and the Service of the API server. */
const OF_DNS = ['services', 'endpoints', 'configmaps']
const DNS: readonly Omit<Entry, 'key'>[] = [
  { config: {}, asks: ({ resource }) => !OF_DNS.includes(resource) },
  {
    config: { namespace: 'kube-system' },
    asks: ({ resource, verb }) => OF_DNS.includes(resource) || (resource === 'pods' && verb === 'list'),
  },
  { config: { namespace: 'default' }, asks: ({ resource }) => resource === 'services' },
]

/** An entry for each object that one names in a way of its own: objects with certificates need not lie in the same namespaces. */
function separate({ key, config }: Entry): Entry[] {
  const metadata = { secretKeyRef: { name: 'replicated-support-metadata', namespace: config['namespace'] } }
  if (key === 'supportBundleMetadata') return [{ key, config: metadata }]
  if (key === 'dns') return DNS.map((part) => ({ key, ...part }))
  if (key !== 'certificates') return [{ key, config }]
  const sources = ([list, reference]: readonly [list: string, reference: string]) => {
    const listed = Array.isArray(config[list]) ? (config[list] as ({ name?: unknown; namespaces?: unknown } | null)[]) : []
    return listed.flatMap((one) => {
      const named = Array.isArray(one?.namespaces) ? (one.namespaces as unknown[]) : []
      return (named.length > 0 ? named : ['']).map((namespace) => ({ [reference]: { name: one?.name, namespace } }))
    })
  }
  const all = [['secrets', 'secretKeyRef'] as const, ['configMaps', 'configMapKeyRef'] as const].flatMap(sources)
  return all.map((source) => ({ key, config: source }))
}

/** Where an entry looks: its own namespaces, else those of the job. What it names by name it looks for in one namespace. */
function placesOf({ key, config }: Entry, byDefault: readonly string[], own: string): string[] {
  const { namespace, namespaces, name } = config
  // As collectors do it: the only namespace of the run, else that of the job.
  const [only] = byDefault.length === 1 && !byDefault.includes(ANYWHERE) ? byDefault : []
  const home = only ?? own
  if (REFERRING.has(key)) {
    const places = referencesIn(config).flatMap((one) => one.namespace ?? [])
    return places.length > 0 ? [...new Set(places)] : [typeof namespace === 'string' && namespace !== '' ? namespace : home]
  }
  if (typeof namespace === 'string' && namespace !== '') return [namespace]
  if (IN_ONE_PLACE.has(key)) return [home]
  if (Array.isArray(namespaces) && namespaces.length > 0 && !namespaces.includes('')) return namespaces.map(String)
  return isKeyed(key) && typeof name === 'string' && name !== '' ? [home] : [...byDefault]
}

/** Objects that an entry names are only got, and those by name; objects that it selects are only listed. */
function narrowed({ key, config }: Entry, permission: Permission): Rule[] {
  if (REFERRING.has(key)) return referred(config, permission)
  if (!isKeyed(key)) return [permission]
  const { name } = config
  const isNamed = typeof name === 'string' && name !== ''
  return [isNamed ? { ...permission, verbs: ['get'], resourceNames: [name] } : { ...permission, verbs: ['list'] }]
}

/** Collectors that read Secrets and ConfigMaps only where a value of their entry is said to stand in one. */
const REFERRING: ReadonlySet<string> = new Set(
  'certificates supportBundleMetadata postgres mysql mssql redis clickhouse http registryImages'.split(' '),
)
const REFERENCES: Readonly<Record<string, string>> = {
  secretKeyRef: 'secrets',
  secret: 'secrets',
  imagePullSecret: 'secrets',
  configMapKeyRef: 'configmaps',
}

interface Reference {
  resource: string
  name: string
  namespace?: string
}

function referencesIn(value: unknown): Reference[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
    const resource = REFERENCES[key]
    const { name, namespace } = (inner ?? {}) as { name?: unknown; namespace?: unknown }
    const isOne = resource !== undefined && typeof name === 'string' && name !== ''
    const place = typeof namespace === 'string' && namespace !== '' ? { namespace } : {}
    return [...(isOne ? [{ resource, name, ...place }] : []), ...referencesIn(inner)]
  })
}

function referred(config: Record<string, unknown>, permission: Permission): Rule[] {
  const found = referencesIn(config)
  return permission.resources.flatMap((resource) => {
    const names = found.filter((one) => one.resource === resource).map(({ name }) => name)
    return names.length > 0 ? [{ ...permission, resources: [resource], resourceNames: [...new Set(names)] }] : []
  })
}

/** Why a right that is declared is not asked for: undefined = it is. */
function whyNot(right: Right, permissions: number, isEverywhere: boolean): string | undefined {
  if (!('path' in right)) {
    if (right.resource === '*' || right.group === '*') return 'kinds are granted by name: add a rule for those that you want'
    if (right.group === 'extensions') return 'a group that Kubernetes has no more'
    if (right.resource === 'secrets' && permissions > 1)
      return 'a bundle is good without Secrets: "install namespace --allow secrets"'
  }
  if (isOfCluster(right) && !isEverywhere && !('path' in right)) return 'it is of the whole cluster: --cluster-wide'
  return undefined
}

function isOfCluster(right: Right): boolean {
  if ('path' in right) return true
  if (right.group === '' && right.resource === 'namespaces') return right.verb === 'list'
  return OF_THE_CLUSTER.has(`${right.resource}${right.group === '' ? '' : `.${right.group}`}`)
}
