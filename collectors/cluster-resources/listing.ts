import { isNotFound, type Kube, type ListTarget, type Query, type RawList } from '../../core/contract/index.ts'
import { type Kind, splitApi } from './kinds.ts'

/** So many named namespaces are looked at one by one; of more, all are listed at once and others dropped. */
const FEW = 10

/** Lists a kind in the version that the server has; the first that gives something says which. */
export async function* listKind(
  kube: Kube,
  kind: Kind,
  names: readonly string[] | undefined,
): AsyncGenerator<RawList & { apiVersion: string }> {
  for (const [index, apiVersion] of kind.apis.entries()) {
    try {
      for await (const part of listVersion(kube, kind, apiVersion, names)) yield { ...part, apiVersion }
      return
    } catch (error) {
      if (!isNotFound(error) || index === kind.apis.length - 1) throw error
    }
  }
}

/** One namespace, or the whole of a kind of the cluster, once more. */
export function listAgain(kube: Kube, kind: Kind, apiVersion: string, namespace?: string): AsyncIterable<RawList> {
  const within = namespace === undefined ? ({ isNamespaced: false } as const) : { namespace }
  return kube.list({ ...splitApi(apiVersion), plural: kind.plural, ...within })
}

async function* listVersion(
  kube: Kube,
  { plural, isNamespaced }: Kind,
  apiVersion: string,
  names: readonly string[] | undefined,
): AsyncGenerator<RawList> {
  const target = { ...splitApi(apiVersion), plural }
  if (isNamespaced) yield* listNamespaced(kube, target, names)
  else yield* kube.list({ ...target, isNamespaced: false })
}

/** Lists a kind where it is wanted; of many namespaces also what is in others. */
export async function* listNamespaced(
  kube: Kube,
  target: ListTarget,
  names: readonly string[] | undefined,
  query: Query = {},
): AsyncGenerator<RawList> {
  if (!names) return yield* kube.list(target, query)
  if (names.length <= FEW) return yield* kube.list({ ...target, namespaces: [...names] }, query)
  try {
    yield* kube.list({ ...target, isNamespaced: false }, query)
  } catch (error) {
    if ((error as { class?: unknown } | null)?.class !== 'permission') throw error
    yield* kube.list({ ...target, namespaces: [...names] }, query)
  }
}
