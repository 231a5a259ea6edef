import {
  ahead,
  type CollectorContext,
  CONTRACT,
  defineCollector,
  type Kube,
  type Output,
  type Permission,
  type RawList,
} from '../../core/contract/index.ts'
import { type AccessRules, reviewRules } from './access-rules.ts'
import { apiResources, type Discovery } from './api-resources.ts'
import { customKind, customResources } from './custom-resources.ts'
import { clusterFile, namespacedFiles } from './kind-files.ts'
import { type Kind, KINDS, splitApi } from './kinds.ts'
import { listKind } from './listing.ts'
import { UNHEALTHY_LIMITS, unhealthyLogs } from './pod-logs.ts'
import { license, pullSecrets } from './pull-secrets.ts'
import { ClusterResourcesConfig } from './schema.ts'
import { findScope } from './scope.ts'
import { isUnhealthy } from './unhealthy.ts'

/** Lists begun before their turn, so that waiting for the server is not added up. */
const KINDS_AHEAD = 4

export default defineCollector<ClusterResourcesConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'Collector',
    name: 'cluster-resources',
    version: '1.0.0',
    summary: 'the objects of the cluster, and logs of pods that are not well',
    specKey: 'clusterResources',
    permissions: permissions(),
    outputs: ['cluster-resources'],
  },
  configSchema: ClusterResourcesConfig,
  async *collect(context) {
    context.signal.throwIfAborted()
    for await (const output of everything(context)) {
      // What is listed ahead may well be there, but nobody wants it any more.
      context.signal.throwIfAborted()
      yield output
    }
  },
  logWish: (_, { object }) => (object && isUnhealthy(object.json) ? { limits: UNHEALTHY_LIMITS, links: [] } : undefined),
})

async function* everything(context: CollectorContext<ClusterResourcesConfig>): AsyncGenerator<Output> {
  const { config, kube, signal } = context
  const scope = await findScope(context)
  yield* scope.outputs
  const { names } = scope
  // All that there are need not be named.
  const asked = scope.isDiscovered ? undefined : names

  // Of namespaces that turn up, those count in which something may be read.
  const wanted = names && new Set(names)
  const mayClose = scope.isDiscovered && !config.ignoreRBAC
  // All of it begins now, and is on its way while the rules are asked for.
  const rules = reviewRules(kube, names ?? [], signal, (name) => mayClose && wanted?.delete(name))
  const discovered = apiResources(kube, signal)
  for (const early of [rules.outputs, discovered]) early.catch(() => undefined)
  const list = (kind: Kind) => (kind.isOptional ? listServed(kube, kind, asked, discovered) : listKind(kube, kind, asked))
  const listed = ahead(KINDS, KINDS_AHEAD, list)[Symbol.asyncIterator]()
  try {
    const custom: Kind[] = []
    let isReviewed = false
    for (let step = await listed.next(); !step.done; step = await listed.next()) {
      const { item: kind, values } = step.value
      if (kind.isOptional && (await discovered).servedApis(kind).length === 0) continue
      // The first kind is the largest: it is written while the server is asked about the rest.
      yield* filesOf(context, kind, isReviewed ? values : reviewed(values, rules), wanted, custom)
      if (!isReviewed) yield* await rules.outputs
      isReviewed = true
    }
    yield* customResources(context, custom, asked, wanted)
    yield* pullSecrets(context, asked, wanted)
    yield* license(context, asked, wanted)
    yield* (await discovered).outputs
  } finally {
    await listed.return?.(undefined)
  }
}

/** Lists a kind in the versions that the server says it has; of one that it has not, nothing is asked. */
async function* listServed(kube: Kube, kind: Kind, names: readonly string[] | undefined, discovered: Promise<Discovery>) {
  yield* listKind(kube, { ...kind, apis: (await discovered).servedApis(kind) }, names)
}

type Parts = AsyncIterable<RawList & { apiVersion: string }>

/** Each part once it is known whether its namespace counts, and an end once that is known of all. */
async function* reviewed(parts: Parts, { asked, outputs }: AccessRules): AsyncGenerator<RawList & { apiVersion: string }> {
  try {
    for await (const part of parts) {
      if (part.namespace !== undefined) await asked(part.namespace)
      yield part
    }
  } finally {
    await outputs
  }
}

function filesOf(
  context: CollectorContext<unknown>,
  kind: Kind,
  parts: Parts,
  wanted: ReadonlySet<string> | undefined,
  custom: Kind[],
): AsyncGenerator<Output> {
  if (kind.isNamespaced)
    return namespacedFiles(context, kind, parts, wanted, kind.name === 'pods' ? unhealthyLogs(context.kube) : undefined)
  if (kind.plural !== 'customresourcedefinitions') return clusterFile(context, kind, parts)
  return clusterFile(context, kind, parts, (item) => {
    const defined = customKind(item)
    if (defined) custom.push(defined)
  })
}

function permissions(): Permission[] {
  const lists = KINDS.map(({ plural, apis }) => ({
    apiGroups: [...new Set(apis.map((api) => splitApi(api).group ?? ''))],
    resources: [plural],
    verbs: ['list'],
  }))
  return [
    { apiGroups: [''], resources: ['namespaces'], verbs: ['get', 'list'] },
    ...lists,
    { apiGroups: [''], resources: ['pods/log'], verbs: ['get'], why: 'logs of pods that are not well' },
    { apiGroups: [''], resources: ['secrets'], verbs: ['list'], why: 'users of image registries, without passwords' },
    { apiGroups: ['*'], resources: ['*'], verbs: ['list'], why: 'objects of custom kinds' },
  ]
}
