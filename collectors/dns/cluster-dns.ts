import { isNotFound, type Kube, type RawObject } from '../../core/contract/index.ts'

/** What the cluster says of its own DNS. */
export interface ClusterDns {
  /** of the Service of the API server */
  clusterIp: string
  pods: string[]
  serviceIp: string
  endpoints: string
  coreDnsConfig: string | undefined
  kubeDnsConfig: string | undefined
}

const SYSTEM = 'kube-system'
const NAME = 'kube-dns'

/** All that can be read; what cannot is told with what it was, and empty. What there is not is no trouble. */
export async function readClusterDns(kube: Kube, tell: (what: string, error: unknown) => void): Promise<ClusterDns> {
  const attempt = async <Value>(what: string, otherwise: Value, read: () => Promise<Value>): Promise<Value> => {
    try {
      return await read()
    } catch (error) {
      if (!isNotFound(error)) tell(what, error)
      return otherwise
    }
  }
  return {
    clusterIp: await attempt('Service kubernetes', '', async () => ipOf(await named(kube, 'services', 'default', 'kubernetes'))),
    pods: await attempt('pods of kube-dns', [], () => runningPods(kube)),
    serviceIp: await attempt('Service kube-dns', '', async () => ipOf(await named(kube, 'services', SYSTEM, NAME))),
    endpoints: await attempt('endpoints of kube-dns', '', async () => addressesOf(await named(kube, 'endpoints', SYSTEM, NAME))),
    coreDnsConfig: await attempt('ConfigMap coredns', undefined, async () => (await dataOf(kube, 'coredns'))?.['Corefile']),
    kubeDnsConfig: await attempt('ConfigMap kube-dns', undefined, async () => {
      const data = await dataOf(kube, NAME)
      return data && JSON.stringify(data)
    }),
  }
}

/** Listed by its name, which takes no other right than a look at all of them. */
async function named(kube: Kube, plural: string, namespace: string, name: string): Promise<RawObject | undefined> {
  for await (const { items, failure } of kube.list(
    { version: 'v1', plural, namespace },
    { fieldSelector: `metadata.name=${name}` },
  )) {
    if (failure) throw failure
    if (items[0]) return items[0]
  }
  return undefined
}

async function runningPods(kube: Kube): Promise<string[]> {
  const names: string[] = []
  for await (const { json } of kube.pods({ namespace: SYSTEM, selector: [`k8s-app=${NAME}`] })) {
    const { metadata, status } = json as { metadata?: { name?: string }; status?: { phase?: string } }
    if (status?.phase === 'Running' && metadata?.name) names.push(metadata.name)
  }
  return names
}

const ipOf = (service: RawObject | undefined) => (service?.json['spec'] as { clusterIP?: string } | undefined)?.clusterIP ?? ''

interface Subset {
  addresses?: { ip?: string }[]
  ports?: { port?: number }[]
}

function addressesOf(endpoints: RawObject | undefined): string {
  const subsets = (endpoints?.json['subsets'] ?? []) as Subset[]
  const addresses = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports[0] ? addresses.map(({ ip }) => `${ip}:${ports[0]?.port}`) : [],
  )
  return addresses.join(', ')
}

async function dataOf(kube: Kube, name: string): Promise<Record<string, string> | undefined> {
  const found = await kube.get(`/api/v1/namespaces/${SYSTEM}/configmaps/${name}`)
  return found && ((found.json['data'] ?? {}) as Record<string, string>)
}
