import type { CollectorContext, RawObject } from '../../core/contract/index.ts'
import type { HelmConfig } from './schema.ts'

/** A revision where Helm keeps it. */
export interface Stored {
  namespace: string
  /** of the Secret or ConfigMap */
  name: string
  payload: string
}

/** What went wrong, and where. */
export type Tell = (place: string, error: unknown) => void

interface Driver {
  plural: 'secrets' | 'configmaps'
  query: Record<string, string>
  payloadOf(data: Record<string, string>): string | undefined
}

/** Where Helm keeps releases: Secrets unless it is told otherwise. A Secret's data has one more layer of base64. */
const DRIVERS: readonly Driver[] = [
  {
    plural: 'secrets',
    query: { fieldSelector: 'type=helm.sh/release.v1' },
    payloadOf: ({ release }) => release && Buffer.from(release, 'base64').toString('latin1'),
  },
  { plural: 'configmaps', query: {}, payloadOf: ({ release }) => release },
]

/** All stored revisions that an entry means, one by one; what cannot be listed is told, and the rest comes. */
export async function* storedRevisions(context: CollectorContext<HelmConfig>, tell: Tell): AsyncGenerator<Stored> {
  const { config, kube, namespaces } = context
  const within = config.namespace ? [config.namespace] : namespaces
  const target = { version: 'v1', ...(within.includes('*') ? {} : { namespaces: within }) }
  const labelSelector = ['owner=helm', ...(config.releaseName ? [`name=${config.releaseName}`] : [])].join(',')
  for (const { plural, query, payloadOf } of DRIVERS) {
    let isTold = false
    try {
      for await (const { items, namespace = '', failure } of kube.list({ ...target, plural }, { labelSelector, ...query })) {
        if (failure) tell(`${plural} in ${namespace}`, failure)
        isTold ||= failure !== undefined
        for (const item of items) yield* storedIn(item, payloadOf, tell)
      }
    } catch (error) {
      // None could be listed, and each of them was told with its reason.
      if (!isTold) tell(plural, error)
    }
  }
}

function* storedIn({ json }: RawObject, payloadOf: Driver['payloadOf'], tell: Tell): Generator<Stored> {
  const { name = '', namespace = '' } = (json['metadata'] ?? {}) as { name?: string; namespace?: string }
  const payload = payloadOf((json['data'] ?? {}) as Record<string, string>)
  if (payload) yield { namespace, name, payload }
  else tell(`${namespace}/${name}`, new Error('it holds no release'))
}
