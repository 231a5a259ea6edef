import { fail } from '../errors.ts'
import { DATA_KEY, KINDS, LABEL_KIND, type Kind } from '../names.ts'
import { type Document, type Ref, type Stored, TEXT_LIMIT } from './store.ts'

/** The ConfigMap that an object is in the cluster; the file store keeps the very same shape, one object a file. */
export interface ConfigMap {
  apiVersion: 'v1'
  kind: 'ConfigMap'
  metadata: {
    name: string
    namespace: string
    uid: string
    creationTimestamp: string
    resourceVersion?: string
    labels?: Record<string, string>
    annotations?: Record<string, string>
    ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string }[]
  }
  immutable?: boolean
  data: Record<string, string>
}

/** Makes the ConfigMap for a document. Throws STORE_TOO_LARGE. */
export function encode(ref: Ref, document: Document, meta: { uid: string; createdAt: Date; isSealed: boolean }): ConfigMap {
  const size = Buffer.byteLength(document.text)
  const limit = TEXT_LIMIT[ref.kind]
  if (size > limit) throw fail('STORE_TOO_LARGE', { kind: ref.kind, name: ref.name, size: String(size), limit: String(limit) })
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: ref.name,
      namespace: ref.namespace,
      uid: meta.uid,
      creationTimestamp: meta.createdAt.toISOString(),
      labels: { ...document.labels, [LABEL_KIND]: ref.kind },
      annotations: { ...document.annotations },
      ...(document.owner ? { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', ...document.owner }] } : {}),
    },
    ...(meta.isSealed ? { immutable: true } : {}),
    data: { [DATA_KEY[ref.kind]]: document.text },
  }
}

/** Reads a ConfigMap back. Throws an Error whose message says what is wrong with it. Checked by hand: `list` reads hundreds. */
export function decode(value: unknown, version: string): Stored {
  return read(value, version, text)
}

/** As `decode`, but a document that is missing is an empty one: whoever may write ConfigMaps can make such an object, and its readers say what is wrong. */
export function decodeLoosely(value: unknown, version: string): Stored {
  return read(value, version, (found) => (typeof found === 'string' ? found : ''))
}

function read(value: unknown, version: string, readText: typeof text): Stored {
  const { metadata, data, immutable } = record(value, 'the document') as Partial<ConfigMap>
  const meta = record(metadata, 'metadata')
  const labels = strings(meta['labels'], 'metadata.labels')
  const kind = KINDS.find((kind) => kind === labels[LABEL_KIND])
  if (!kind) throw new Error(`the label ${LABEL_KIND} names no known kind`)
  const createdAt = new Date(text(meta['creationTimestamp'], 'metadata.creationTimestamp'))
  if (Number.isNaN(createdAt.getTime())) throw new Error('metadata.creationTimestamp is not a time')
  // other tools may set owners of other kinds; a Job is a ConfigMap
  const owners = Array.isArray(meta['ownerReferences']) ? meta['ownerReferences'] : []
  const owner = owners.map((owner) => record(owner, 'an owner')).find((owner) => owner['kind'] === 'ConfigMap')
  return {
    kind,
    namespace: meta['namespace'] === undefined ? '' : text(meta['namespace'], 'metadata.namespace'),
    name: text(meta['name'], 'metadata.name'),
    uid: text(meta['uid'], 'metadata.uid'),
    version,
    createdAt,
    text: readText(record(data ?? {}, 'data')[DATA_KEY[kind]], `data["${DATA_KEY[kind]}"]`),
    labels,
    annotations: strings(meta['annotations'], 'metadata.annotations'),
    ...(owner ? { owner: { name: text(owner['name'], 'owner name'), uid: text(owner['uid'], 'owner uid') } } : {}),
    isSealed: immutable === true,
  }
}

function record(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${what} is not an object`)
  return value as Record<string, unknown>
}

function text(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new Error(`${what} is not a string`)
  return value
}

function strings(value: unknown, what: string): Record<string, string> {
  const result: Record<string, string> = {}
  for (const [key, item] of Object.entries(value === undefined ? {} : record(value, what)))
    result[key] = text(item, `${what}.${key}`)
  return result
}

/** Says which object an error is about. */
export const describeRef = (ref: { kind: Kind; name: string }) => ({ kind: ref.kind, name: ref.name })
