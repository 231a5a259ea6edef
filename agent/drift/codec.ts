import type { Facts, ObjectFacts, ObjectsByName } from './facts.ts'
import { gunzipLines, gzipLines } from './gzip-lines.ts'
import { JsonScan } from './json-scan.ts'
import { PackedLists } from './packed-lists.ts'

/** Facts of 100,000 objects are 20 MB. */
const MOST_BYTES = 64 * 1024 * 1024
const LEVEL = 2

/**
 * `drift.json.gz`: names of folders, namespaces and objects are keys, sorted, so that two files can be compared by eye. Each list is
 * a line of its own, so that neither who writes nor who reads has to hold more than one.
 */
export function encodeFacts(facts: Facts): Promise<Buffer> {
  return gzipLines(linesOf(facts), LEVEL)
}

/** How the line ends that says what there is besides the lists, and what completes it. */
const HEAD_END = '"lists":{'
const LAST = '}}'
const LAST_LINE = Buffer.from(LAST)
/** What comes after a list. */
const ENDS: ReadonlySet<string> = new Set(['', ','])
const OPEN = 0x7b
const CLOSE = 0x7d
const NO_FORM = 'it is not in its form'

function* linesOf({ lists, ...facts }: Facts): Generator<string> {
  const head = {
    schema: 1,
    run: facts.run,
    at: facts.at.toISOString(),
    masking: facts.masking,
    hasAllNamespaces: facts.hasAllNamespaces,
    custom: { isWhole: facts.custom.isWhole, failed: [...facts.custom.failed].toSorted() },
    ...(facts.verdicts ? { verdicts: [...facts.verdicts] } : {}),
    lists: {},
  }
  yield JSON.stringify(head).slice(0, -LAST.length)
  const folders = lists.folders()
  for (const [index, folder] of folders.entries()) {
    yield `${JSON.stringify(folder)}:{`
    const namespaces = lists.namespaces(folder)
    for (const [index, namespace] of namespaces.entries())
      yield `${JSON.stringify(namespace)}:${jsonOf(lists.objects(folder, namespace))}${commaAfter(index, namespaces)}`
    yield `}${commaAfter(index, folders)}`
  }
  yield LAST
}

/** Member by member: V8 keeps for long what names the members of its objects, and there are as many names as objects. */
const jsonOf = (objects: ObjectsByName) =>
  `{${Array.from(objects, ([name, facts]) => `${JSON.stringify(name)}:${JSON.stringify(facts)}`).join(',')}}`

const commaAfter = (index: number, all: readonly string[]) => (index < all.length - 1 ? ',' : '')

/** Reads `drift.json.gz`. Throws an Error that says what is wrong: it may be damaged, of a newer version, or made by anyone. */
export async function decodeFacts(bytes: Uint8Array): Promise<Facts> {
  let read: Reader | undefined
  await gunzipLines(bytes, MOST_BYTES, (line) => {
    if (read) read.line(line)
    else read = readHead(line.toString())
  })
  return (read ?? readWhole('')).end()
}

/** Takes what comes after the first line. */
interface Reader {
  line(line: Buffer): void
  end(): Facts
}

const readHead = (line: string): Reader =>
  line.endsWith(HEAD_END) ? readLists(factsOf(record(JSON.parse(line + LAST)))) : readWhole(line)

function readLists(facts: Facts): Reader {
  let folder = ''
  let isEnded = false
  return {
    line(line) {
      if (isEnded) throw new Error(NO_FORM)
      isEnded = line.equals(LAST_LINE)
      if (line[0] === CLOSE) return
      const scan = new JsonScan(line)
      if (!scan.nextKey()) throw new Error(NO_FORM)
      if (line.at(-1) === OPEN) folder = scan.name()
      else facts.lists.put(folder, scan.name(), readList(scan))
    },
    end() {
      if (!isEnded) throw new Error(NO_FORM)
      return facts
    },
  }
}

function readList(scan: JsonScan): ObjectsByName {
  if (!scan.enterObject()) throw new Error(NO_FORM)
  const objects: ObjectsByName = new Map()
  while (scan.nextKey()) objects.set(scan.name(), objectOf(record(JSON.parse(scan.take().toString()))))
  if (!ENDS.has(scan.bytes.toString('latin1', scan.at))) throw new Error(NO_FORM)
  return objects
}

/** Older versions wrote all of it into one line. */
function readWhole(line: string): Reader {
  const document = record(JSON.parse(line))
  const facts = factsOf(document)
  for (const [folder, all] of Object.entries(record(document['lists'])))
    for (const [namespace, objects] of Object.entries(record(all))) {
      const entries = Object.entries(record(objects)).map(([name, one]): [string, ObjectFacts] => [name, objectOf(record(one))])
      facts.lists.put(folder, namespace, new Map(entries))
    }
  return {
    line() {
      throw new Error(NO_FORM)
    },
    end: () => facts,
  }
}

/** The document, without its lists. */
function factsOf(document: Record<string, unknown>): Facts {
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
    lists: new PackedLists(),
  }
  if (Number.isNaN(facts.at.getTime())) throw new Error('it does not say when it was made')
  return facts
}

function objectOf({ uid, spec, images, replicas, ready, state, restarts }: Record<string, unknown>): ObjectFacts {
  return {
    uid: text(uid),
    spec: text(spec),
    ...(images === undefined ? {} : { images: list(images).map(text) }),
    ...(typeof replicas === 'number' ? { replicas } : {}),
    ...(typeof ready === 'number' ? { ready } : {}),
    ...(state === undefined ? {} : { state: text(state) }),
    ...(typeof restarts === 'number' ? { restarts } : {}),
  }
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(NO_FORM)
  return value as Record<string, unknown>
}

function list(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new Error(NO_FORM)
  return value
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new Error(NO_FORM)
  return value
}

const pair = (value: unknown): [string, string] => {
  const [key, other] = list(value)
  return [text(key), text(other)]
}
