import {
  type CollectorContext,
  type FileOutput,
  indentedJson,
  missing,
  type Output,
  type RawList,
  type RawObject,
  reasonLine,
} from '../../core/contract/index.ts'
import { byNamespace } from './by-namespace.ts'
import type { Kind } from './kinds.ts'
import { bytesOf, listBody, listText } from './list-file.ts'
import { listAgain } from './listing.ts'

type Parts = AsyncIterable<RawList & { apiVersion: string }>

/** The namespaces that get a file, also one without items; undefined = those that turn up. */
export type Wanted = ReadonlySet<string> | undefined

/** A kind of the whole cluster is held up to this; larger ones are read anew while they are written. */
const HOLD_BYTES = 16 * 1024 * 1024

/**
 * The files of a kind with namespaces: one each, also when there is nothing in it, and one with the errors.
 *
 * @param follow what comes after a namespace's file: told of each of its objects before
 */
export async function* namespacedFiles(
  { kube, signal }: CollectorContext<unknown>,
  kind: Kind,
  parts: Parts,
  wanted: Wanted,
  follow?: { onItem: (item: RawObject) => void; outputs: () => Output[] },
): AsyncGenerator<Output> {
  const failures = new Map<string, Error>()
  const written = new Set<string>()
  const version = { apiVersion: kind.apis[0] ?? '' }
  const path = (namespace: string) => `cluster-resources/${kind.name}/${namespace}.json`
  const errors = `cluster-resources/${kind.name}-errors.json`
  const file = (namespace: string, body: FileOutput['body']): FileOutput => {
    written.add(namespace)
    return { type: 'file', path: path(namespace), format: 'json', body }
  }
  let failure: { error: unknown } | undefined
  try {
    const grouping = { wanted, failures, ...(follow ? { onItem: follow.onItem } : {}) }
    for await (const { namespace, items, resourceVersion, isLarge } of byNamespace(noting(parts, version), grouping)) {
      const form = { kind: kind.kind, apiVersion: version.apiVersion }
      const again = () => listAgain(kube, kind, form.apiVersion, namespace)
      const instead = (reason: string) => indentedJson(errors, { [namespace]: reason })
      if (isLarge) yield { ...file(namespace, listBody(form, again)), instead }
      else yield file(namespace, listText(form, items.map(bytesOf), resourceVersion))
      if (follow) yield* follow.outputs()
    }
  } catch (error) {
    signal.throwIfAborted()
    failure = { error }
  }
  const form = { kind: kind.kind, apiVersion: version.apiVersion }
  const left = [...(wanted ?? [])].filter((namespace) => !written.has(namespace) && !failures.has(namespace))
  if (!failure) for (const namespace of left) yield file(namespace, listText(form, []))
  else for (const namespace of wanted ? left : ['']) failures.set(namespace, failure.error as Error)
  yield* errorFile(errors, kind.name, failures)
}

/** The file of a kind of the whole cluster, or one with the error. */
export async function* clusterFile(
  { kube, signal }: CollectorContext<unknown>,
  kind: Kind,
  parts: Parts,
  onItem: (item: RawObject) => void = () => undefined,
): AsyncGenerator<Output> {
  const path = `cluster-resources/${kind.name}.json`
  const errors = `cluster-resources/${kind.name}-errors.json`
  const form = { kind: kind.kind, apiVersion: kind.apis[0] ?? '' }
  const held: Uint8Array[] = []
  let bytes = 0
  let version = ''
  try {
    for await (const { items, resourceVersion } of noting(parts, form)) {
      version ||= resourceVersion
      for (const item of items) {
        onItem(item)
        const one = bytesOf(item)
        bytes += one.length
        if (bytes > HOLD_BYTES) held.length = 0
        else held.push(one)
      }
    }
  } catch (error) {
    signal.throwIfAborted()
    yield indentedJson(errors, [reasonLine(error)])
    yield missing('CLUSTER_LIST_MISSING', `${kind.name} could not be listed: ${reasonLine(error)}`, [error])
    return
  }
  const again = () => listAgain(kube, kind, form.apiVersion)
  const instead = (reason: string) => indentedJson(errors, [reason])
  if (bytes > HOLD_BYTES) yield { type: 'file', path, format: 'json', body: listBody(form, again), instead }
  else yield { type: 'file', path, format: 'json', body: listText(form, held, version) }
}

/** A map of what failed where, and a warning that counts it. */
export function* errorFile(path: string, what: string, failures: ReadonlyMap<string, unknown>): Generator<Output> {
  const [first] = failures
  if (!first) return
  yield indentedJson(path, Object.fromEntries([...failures].map(([place, error]) => [place, reasonLine(error)])))
  const more = failures.size > 1 ? ` (and ${failures.size - 1} more)` : ''
  const message = `${what} could not be listed in ${first[0] || 'the cluster'}: ${reasonLine(first[1])}${more}`
  yield missing('CLUSTER_LIST_MISSING', message, [...failures.values()])
}

/** Keeps in mind which version of its kind the server had. */
async function* noting(parts: Parts, into: { apiVersion: string }): AsyncGenerator<RawList> {
  for await (const part of parts) {
    into.apiVersion = part.apiVersion
    yield part
  }
}
