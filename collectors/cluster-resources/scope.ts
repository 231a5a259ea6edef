import {
  type CollectorContext,
  type FileOutput,
  indentedJson,
  missing,
  type Output,
  type RawObject,
  reasonLine,
} from '../../core/contract/index.ts'
import { NAMESPACES } from './kinds.ts'
import { bytesOf, listText, arrayText } from './list-file.ts'
import type { ClusterResourcesConfig } from './schema.ts'

/** Which namespaces are looked at. */
export interface Scope {
  /** undefined: whichever turn up */
  names: string[] | undefined
  /** the cluster was asked which there are, instead of being told */
  isDiscovered: boolean
  outputs: Output[]
}

/** Those that the entry names, else those of the run, else all that there are. */
export async function findScope(context: CollectorContext<ClusterResourcesConfig>): Promise<Scope> {
  const { config, namespaces } = context
  if (config.namespaces.length > 0) return named(context, config.namespaces)
  if (!namespaces.includes('*')) return named(context, namespaces)
  return discovered(context)
}

const path = (suffix = '') => `cluster-resources/namespaces${suffix}.json`
const errors = (all: unknown[]): FileOutput => indentedJson(path('-errors'), all.map(reasonLine))

async function named({ kube, signal }: CollectorContext<unknown>, names: readonly string[]): Promise<Scope> {
  const found: RawObject[] = []
  const problems: unknown[] = []
  for (const name of names) {
    try {
      const object = await kube.get(`/api/v1/namespaces/${name}`)
      if (object) found.push(object)
      else problems.push(Object.assign(new Error(`namespaces "${name}" not found`), { class: 'config' }))
    } catch (error) {
      signal.throwIfAborted()
      problems.push(error)
    }
  }
  const file: FileOutput = { type: 'file', path: path(), format: 'json', body: arrayText(found.map(bytesOf)) }
  const outputs: Output[] = problems.length === 0 ? [file] : [file, errors(problems)]
  const warning = missing('NAMESPACES_MISSING', `not all namespaces could be read: ${reasonLine(problems[0])}`, problems)
  // That they may not be read is nothing new: what is in them is wanted.
  if (warning.isLoss) outputs.push(warning)
  return { names: [...names], isDiscovered: false, outputs }
}

async function discovered(context: CollectorContext<unknown>): Promise<Scope> {
  const { kube, signal, defaultNamespace } = context
  const found: RawObject[] = []
  let version = ''
  try {
    for await (const { items, resourceVersion } of kube.list({ version: 'v1', plural: 'namespaces', isNamespaced: false })) {
      version = resourceVersion
      found.push(...items)
    }
  } catch (error) {
    signal.throwIfAborted()
    const warning = missing('NAMESPACES_MISSING', `which namespaces there are cannot be told: ${reasonLine(error)}`, [error])
    // Who may not see which there are mostly works in one of them; else those count that turn up.
    const isRefused = (error as { class?: unknown } | null)?.class === 'permission'
    const names = isRefused && defaultNamespace !== undefined ? [defaultNamespace] : undefined
    return { names, isDiscovered: false, outputs: [errors([error]), warning] }
  }
  const form = { kind: NAMESPACES.kind, apiVersion: 'v1' }
  const file: FileOutput = { type: 'file', path: path(), format: 'json', body: listText(form, found.map(bytesOf), version) }
  const names = found.map(({ json }) => String((json['metadata'] as { name?: unknown } | undefined)?.name))
  return { names, isDiscovered: true, outputs: [file] }
}
