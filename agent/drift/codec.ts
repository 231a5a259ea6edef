import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { reasonOf } from '../../core/errors.ts'
import { type Facts, listOf, type ObjectFacts } from './facts.ts'

/** Facts of 100,000 objects are 15 MB. */
const MOST_BYTES = 64 * 1024 * 1024
const LEVEL = 2

/** `drift.json.gz`: names of folders, namespaces and objects are keys, sorted, so that two files can be compared by eye. */
export async function encodeFacts(facts: Facts): Promise<Buffer> {
  const lists = sorted(facts.lists, (all) => sorted(all, (list) => sorted(list, (object) => object)))
  const document = {
    schema: 1,
    run: facts.run,
    at: facts.at.toISOString(),
    masking: facts.masking,
    hasAllNamespaces: facts.hasAllNamespaces,
    custom: { isWhole: facts.custom.isWhole, failed: [...facts.custom.failed].toSorted() },
    ...(facts.verdicts ? { verdicts: [...facts.verdicts] } : {}),
    lists,
  }
  return promisify(gzip)(JSON.stringify(document), { level: LEVEL })
}

function sorted<Value>(map: ReadonlyMap<string, Value>, encode: (value: Value) => unknown): Record<string, unknown> {
  const entries = [...map].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, value]) => [key, encode(value)]))
}

/** Reads `drift.json.gz`. Throws an Error that says what is wrong: it may be damaged, of a newer version, or made by anyone. */
export async function decodeFacts(bytes: Uint8Array): Promise<Facts> {
  let json: string
  try {
    json = (await promisify(gunzip)(bytes, { maxOutputLength: MOST_BYTES })).toString()
  } catch (error) {
    throw new Error(`it is damaged: ${reasonOf(error)}`, { cause: error })
  }
  const document = record(JSON.parse(json))
  if (document['schema'] !== 1)
    throw new Error(`it is of version ${Number(document['schema'])}, and this program reads version 1`)
  const custom = record(document['custom'])
  const facts: Facts = {
    run: text(document['run']),
    at: new Date(text(document['at'])),
    masking: text(document['masking']),
    hasAllNamespaces: document['hasAllNamespaces'] === true,
    custom: { isWhole: custom['isWhole'] === true, failed: new Set(list(custom['failed']).map(text)) },
    verdicts: document['verdicts'] === undefined ? undefined : new Map(list(document['verdicts']).map(pair)),
    lists: new Map(),
  }
  if (Number.isNaN(facts.at.getTime())) throw new Error('it does not say when it was made')
  for (const [folder, all] of Object.entries(record(document['lists'])))
    for (const [namespace, objects] of Object.entries(record(all))) {
      const known = listOf(facts.lists, folder, namespace)
      for (const [name, object] of Object.entries(record(objects))) known.set(name, objectOf(record(object)))
    }
  return facts
}

function objectOf({ uid, spec, images, replicas, ready, state, restarts }: Record<string, unknown>): ObjectFacts {
  const numbers = Object.entries({ replicas, ready, restarts }).filter(([, value]) => typeof value === 'number')
  return {
    uid: text(uid),
    spec: text(spec),
    ...(images === undefined ? {} : { images: list(images).map(text) }),
    ...(state === undefined ? {} : { state: text(state) }),
    ...Object.fromEntries(numbers),
  }
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('it is not in its form')
  return value as Record<string, unknown>
}

function list(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new Error('it is not in its form')
  return value
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new Error('it is not in its form')
  return value
}

const pair = (value: unknown): [string, string] => {
  const [key, other] = list(value)
  return [text(key), text(other)]
}
