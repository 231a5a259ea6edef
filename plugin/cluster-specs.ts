import { fail } from '../core/errors.ts'
import { listAll } from '../core/kube/list.ts'
import { getObject } from '../core/kube/objects.ts'
import { resourcePath } from '../core/kube/path.ts'
import { isStatus } from '../core/kube/status-error.ts'
import type { SpecSource } from '../core/task.ts'
import { SPEC_KEYS, SPEC_SELECTORS } from '../core/troubleshoot.ts'
import { kubeOverrides } from './kube-flags.ts'
import { warning } from './output/text.ts'
import type { SourceContext } from './spec-sources.ts'

const PLURALS = { secret: 'secrets', configmap: 'configmaps' } as const
type Kind = keyof typeof PLURALS

/**
 * The specs of one object. Throws SPEC_SOURCE, and what the API server throws.
 *
 * @param word as it was given
 * @param object kind, namespace, name, and perhaps a key, behind the whole match
 */
export async function readObject(context: SourceContext, word: string, object: readonly string[]): Promise<SpecSource[]> {
  const [, kind = '', namespace = '', name = '', key] = object
  const { client } = await clusterOf(context)
  const failed = (reason: string, remedy: string, cause?: unknown) => fail('SPEC_SOURCE', { source: word, reason, remedy }, cause)
  const plural = PLURALS[kind as Kind]
  const item = await getObject(client, resourcePath({ version: 'v1', namespace, plural, name })).catch((error: unknown) => {
    throw isStatus(error, 403)
      ? failed('you may not get it', `check: kubectl auth can-i get ${plural} -n ${namespace}`, error)
      : error
  })
  if (!item) throw failed('there is no such object', `see: kubectl get ${plural} -n ${namespace}`)
  const found = textsOf(kind as Kind, item.json, word, key === undefined ? undefined : [key])
  if (found.length > 0) return found
  const keys = Object.keys((item.json as { data?: object }).data ?? {}).join(', ')
  throw failed(
    key === undefined ? 'it has no keys' : 'there is no such key',
    keys === '' ? 'see what is in it' : `its keys: ${keys}`,
  )
}

/** The texts of an object: of the keys named, else of those that specs travel under, else of all. */
function textsOf(kind: Kind, object: unknown, name: string, wanted?: readonly string[]): SpecSource[] {
  const { data = {} } = object as { data?: Record<string, string> }
  const usual = Object.keys(data).filter((key) => SPEC_KEYS.includes(key))
  const keys = wanted ?? (usual.length > 0 ? usual : Object.keys(data))
  return keys
    .filter((key) => Object.hasOwn(data, key))
    .map((key) => {
      const value = data[key] ?? ''
      const text = kind === 'secret' ? Buffer.from(value, 'base64').toString() : value
      return { text, name: wanted ? name : `${name}/${key}` }
    })
}

/**
 * The specs that Secrets and ConfigMaps of the cluster carry and say so by label: of one namespace if a flag names it, else of
 * all. What may not be listed is a warning. Throws SPEC_EMPTY when there is none.
 */
export async function discoverSpecs(context: SourceContext, selector: string | undefined): Promise<SpecSource[]> {
  const { client, namespace } = await clusterOf(context)
  const scope = context.args.namespace
  const found = new Map<string, SpecSource[]>()
  for (const kind of Object.keys(PLURALS) as Kind[])
    for (const labelSelector of selector === undefined ? SPEC_SELECTORS : [selector]) {
      const plural = PLURALS[kind]
      const list = (where: string | undefined) =>
        listAll(client, {
          path: resourcePath({ version: 'v1', plural, ...(where === undefined ? {} : { namespace: where }) }),
          query: { labelSelector },
        })
      const refused = (error: unknown, where: string) => {
        if (!isStatus(error, 403)) throw error
        context.edge.err(warning(`specs in ${plural} of ${where} are left out: you may not list them`))
        return undefined
      }
      const page =
        scope === undefined
          ? await list(undefined).catch((error: unknown) => {
              refused(error, 'other namespaces')
              return list(namespace).catch((other: unknown) => refused(other, namespace))
            })
          : await list(scope).catch((error: unknown) => refused(error, scope))
      for (const { json } of page?.items ?? []) {
        const { metadata } = json as { metadata: { name: string; namespace: string } }
        const name = `${kind}/${metadata.namespace}/${metadata.name}`
        found.set(name, textsOf(kind, json, name))
      }
    }
  const sources = [...found.values()].flat()
  if (sources.length > 0) return sources
  const wanted = selector ?? SPEC_SELECTORS.join(' or ')
  throw fail('SPEC_SOURCE', {
    source: 'of the cluster',
    reason: `no Secret or ConfigMap has the label ${wanted}`,
    remedy: 'name the spec, or its label with --selector',
  })
}

const clusterOf = ({ edge, args, list }: SourceContext) => edge.cluster(kubeOverrides(args, list('as-group')))
