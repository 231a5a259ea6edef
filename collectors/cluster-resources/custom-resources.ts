import {
  ahead,
  type CollectorContext,
  type FileOutput,
  indentedJson,
  type Kube,
  type Output,
  type RawList,
  type RawObject,
  reasonLine,
} from '../../core/contract/index.ts'
import { byNamespace } from './by-namespace.ts'
import { errorFile, type Wanted } from './kind-files.ts'
import type { Kind } from './kinds.ts'
import { arrayBody, arrayText, bytesOf } from './list-file.ts'
import { listAgain, listKind } from './listing.ts'

interface Definition {
  metadata?: { name?: string }
  spec?: {
    group?: string
    scope?: string
    names?: { plural?: string; kind?: string }
    version?: string
    versions?: { name?: string; served?: boolean; storage?: boolean }[]
  }
}

/**
 * The kind that a CustomResourceDefinition defines, in its newest version that is served; undefined if there is none. Where
 * that is not the one in which objects are stored, that comes second: it needs no conversion.
 */
export function customKind({ text }: RawObject): Kind | undefined {
  const { metadata = {}, spec = {} } = JSON.parse(text) as Definition
  const { group = '', names = {}, scope } = spec
  const versions = spec.versions ?? [{ name: spec.version ?? '' }]
  const [newest] = versions
    .filter(({ served = true }) => served)
    .flatMap(({ name }) => name || [])
    .sort(byPriority)
  const { plural = '', kind = '' } = names
  if (newest === undefined || plural === '') return undefined
  const stored = versions.find((one) => 'storage' in one && one.storage && one.served !== false)?.name
  return {
    name: metadata.name ?? `${plural}.${group}`,
    kind,
    plural,
    apis: [newest, ...(stored === undefined || stored === newest ? [] : [stored])].map((version) => `${group}/${version}`),
    isNamespaced: scope === 'Namespaced',
  }
}

/** `v1` before `v1beta1` before `v1alpha1`, higher numbers first, what is named otherwise last and by the alphabet. */
export function byPriority(a: string, b: string): number {
  const [one, other] = [rank(a), rank(b)]
  if (!one || !other) return one ? -1 : other ? 1 : a < b ? -1 : 1
  const at = one.findIndex((value, index) => value !== other[index])
  return at === -1 ? 0 : (other[at] ?? 0) - (one[at] ?? 0)
}

const STAGES = ['alpha', 'beta', '']

function rank(version: string): number[] | undefined {
  const [, major, stage = '', minor = '0'] = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version) ?? []
  return major === undefined ? undefined : [STAGES.indexOf(stage), Number(major), Number(minor)]
}

/** Lists begun before their turn. */
const KINDS_AHEAD = 4
const FOLDER = 'cluster-resources/custom-resources'
const ERRORS = `${FOLDER}/custom-resources-errors.json`

/** The objects of all custom kinds; a kind or namespace without any gets no file. */
export async function* customResources(
  context: CollectorContext<unknown>,
  kinds: readonly Kind[],
  names: readonly string[] | undefined,
  wanted: Wanted,
): AsyncGenerator<Output> {
  const problems = new Map<string, unknown>()
  const stored: Stored = new Map()
  const begin = (kind: Kind) => listConverted(context.kube, kind, names, stored)
  for await (const { item: kind, values } of ahead(kinds, KINDS_AHEAD, begin)) {
    try {
      const again = (namespace?: string) =>
        listAgain(context.kube, kind, stored.get(kind)?.apiVersion ?? kind.apis[0] ?? '', namespace)
      if (kind.isNamespaced) yield* namespacedObjects(kind, values, wanted, problems, again)
      else yield* clusterObjects(kind, values, again)
    } catch (error) {
      context.signal.throwIfAborted()
      problems.set(kind.name, error)
    }
  }
  yield* errorFile(ERRORS, 'custom resources', problems)
  for (const [{ name }, { apiVersion, error }] of stored) {
    const message = `${name} is listed as ${apiVersion}, as which it is stored: ${reasonLine(error)}`
    yield { type: 'warning', code: 'CUSTOM_KIND_VERSION', message }
  }
}

/** Kinds that are listed in the version in which they are stored, and why. */
type Stored = Map<Kind, { apiVersion: string; error: unknown }>

/**
 * Lists a kind in its newest version. Where the server fails at that, as it does when the webhook that converts objects is away,
 * it is listed once in the version in which they are stored.
 */
async function* listConverted(
  kube: Kube,
  kind: Kind,
  names: readonly string[] | undefined,
  stored: Stored,
): AsyncGenerator<RawList> {
  const [newest = '', other] = kind.apis
  const mayBeOther = (error: unknown) => other !== undefined && FAILING.includes((error as { code?: unknown } | null)?.code)
  let isBegun = false
  try {
    for await (const part of listKind(kube, { ...kind, apis: [newest] }, names)) {
      if (!isBegun && mayBeOther(part.failure)) throw part.failure
      if (!isBegun && part.items.length === 0 && !part.failure) continue
      isBegun ||= part.items.length > 0
      yield part
    }
    return
  } catch (error) {
    if (isBegun || other === undefined || !mayBeOther(error)) throw error
    stored.set(kind, { apiVersion: other, error })
  }
  yield* listKind(kube, { ...kind, apis: [other] }, names)
}

const FAILING: readonly unknown[] = ['API_UNAVAILABLE', 'API_NOT_FOUND']

type Again = (namespace?: string) => AsyncIterable<RawList>

async function* namespacedObjects(
  kind: Kind,
  parts: AsyncIterable<RawList>,
  wanted: Wanted,
  problems: Map<string, unknown>,
  again: Again,
): AsyncGenerator<Output> {
  const failures = new Map<string, Error>()
  for await (const { namespace, items, isLarge } of byNamespace(parts, { wanted, failures })) {
    if (isLarge || items.length > 0)
      yield file(`${kind.name}/${namespace}`, isLarge ? arrayBody(() => again(namespace)) : arrayText(items.map(bytesOf)))
  }
  for (const [namespace, failure] of failures) problems.set(`${kind.name}/${namespace}`, failure)
}

async function* clusterObjects(kind: Kind, parts: AsyncIterable<RawList>, again: Again): AsyncGenerator<Output> {
  const held: Uint8Array[] = []
  let bytes = 0
  for await (const { items } of parts)
    for (const item of items) {
      bytes += bytesOf(item).length
      if (bytes > HOLD_BYTES) held.length = 0
      else held.push(bytesOf(item))
    }
  if (bytes === 0) return
  yield file(kind.name, bytes > HOLD_BYTES ? arrayBody(() => again()) : arrayText(held))
}

const HOLD_BYTES = 16 * 1024 * 1024

/** Analyzers in use look for YAML, and JSON is some. */
function file(name: string, body: FileOutput['body']): Output {
  const whole: FileOutput = {
    type: 'file',
    path: `${FOLDER}/${name}.json`,
    links: [`${FOLDER}/${name}.yaml`],
    format: 'json',
    body,
  }
  if (typeof body !== 'function') return whole
  return { ...whole, instead: (reason) => indentedJson(ERRORS, { [name]: reason }) }
}
