import { CUSTOM_FOLDER, type Facts, type ObjectFacts, type ObjectsByName } from './facts.ts'
import { isCountedFolder } from './counted.ts'
import { type Child, createFolding } from './folding.ts'
import { JsonScan } from './json-scan.ts'
import { PackedLists } from './packed-lists.ts'
import { type ReadObject, readObject } from './read-object.ts'
import { isReady, stateOf } from './read-status.ts'

/** What is known once all files have passed. */
export interface RunFacts extends Pick<Facts, 'run' | 'at' | 'masking' | 'verdicts'> {
  /** custom resources were gone through to the end, and none of their files was left out */
  isCustomWhole: boolean
}

/** Looks at the lists of objects of one bundle as they pass by, redacted, in any order. Keeps facts, no documents; throws nothing. */
export interface FactsTap {
  wants(path: string): boolean
  file(path: string, bytes: Uint8Array): void
  passedOver(path: string): void
  /** Called once, after the last file. */
  finish(run: RunFacts): Facts
}

const FOLDER = 'cluster-resources/'
const CUSTOM_ERRORS = `${FOLDER}${CUSTOM_FOLDER}custom-resources-errors.json`
/** `<folder>.json`, `<folder>/<namespace>.json`, and the same in the folder of custom resources. */
const LIST = /^cluster-resources\/((?:custom-resources\/)?[^/]+?)(?:\/([^/]+))?\.json$/
const ERRORS = /-errors\.json$/
/** How a list begins whose namespaces were asked for, not named. */
const OBJECT = 0x7b
/** How a List ends that has no items. There are thousands of them, and nothing else of them is read. */
const NO_ITEMS = /"items": ?\[\]\n?\}$/
const LONGEST_END = 16

export function collectFacts(): FactsTap {
  const lists = new PackedLists()
  const folding = createFolding()
  let hasAllNamespaces = false
  let customFailed: ReadonlySet<string> | undefined = new Set()

  /** Each path is asked for twice. */
  let last: { path: string; place: Place | undefined } = { path: '', place: undefined }
  const placeOf = (path: string) => (path === last.path ? last : (last = { path, place: readPlace(path) })).place

  const readList = ({ folder, namespace }: Place, bytes: Uint8Array) => {
    const children: Child[] = []
    const list: ObjectsByName = new Map()
    for (const object of readObjects(bytes)) {
      const { owner } = object
      if (owner) children.push({ ...object, owner })
      else list.set(`${object.type}/${object.name}`, factsOf(object))
    }
    lists.put(folder, namespace, list)
    if (children.length > 0) folding.add(children)
    if (folder === 'namespaces') hasAllNamespaces = bytes[0] === OBJECT
  }

  return {
    wants: (path) => path === CUSTOM_ERRORS || placeOf(path) !== undefined,
    file(path, bytes) {
      try {
        if (path === CUSTOM_ERRORS) customFailed = new Set(Object.keys(JSON.parse(Buffer.from(bytes).toString()) as object))
        const place = placeOf(path)
        if (place) readList(place, bytes)
      } catch {
        // What cannot be read is not known: no list is better than half of one.
        this.passedOver(path)
      }
    },
    passedOver(path) {
      if (path === CUSTOM_ERRORS) customFailed = undefined
      else if (path.startsWith(FOLDER + CUSTOM_FOLDER))
        customFailed = customFailed && new Set([...customFailed, path.slice((FOLDER + CUSTOM_FOLDER).length, -'.json'.length)])
    },
    finish({ isCustomWhole, ...run }) {
      folding.settle(lists)
      const custom = { isWhole: isCustomWhole && customFailed !== undefined, failed: customFailed ?? new Set<string>() }
      return { ...run, lists, hasAllNamespaces, custom }
    },
  }
}

interface Place {
  folder: string
  namespace: string
}

function readPlace(path: string): Place | undefined {
  if (!path.startsWith(FOLDER) || ERRORS.test(path)) return undefined
  const [, folder, namespace = ''] = LIST.exec(path) ?? []
  return folder !== undefined && isCountedFolder(folder) ? { folder, namespace } : undefined
}

/** The objects of a List, or of a bare array. Throws a SyntaxError for what is neither. */
function* readObjects(bytes: Uint8Array): Generator<ReadObject> {
  const scan = new JsonScan(bytes)
  if (NO_ITEMS.test(scan.bytes.toString('latin1', Math.max(0, bytes.length - LONGEST_END)))) return
  if (!scan.isObject()) return yield* readItems(scan)
  scan.enterObject()
  let isList = false
  while (scan.nextKey()) {
    if (!scan.isKey('items')) scan.skip()
    else {
      isList = true
      yield* readItems(scan)
    }
  }
  if (!isList) throw new SyntaxError('it is no list')
}

function* readItems(scan: JsonScan): Generator<ReadObject> {
  // A list without items may be null.
  if (!scan.isList()) {
    if (scan.take().toString() !== 'null') throw new SyntaxError('it is no list')
    return
  }
  scan.enterList()
  while (scan.nextItem()) {
    const object = readObject(scan)
    if (object) yield object
  }
}

/** Members that say nothing are left out: there are thousands of objects. */
function factsOf({ type, uid, spec, images, replicas, status, isDeleting }: ReadObject): ObjectFacts {
  const wanted = replicas ?? status.wanted
  const own = type === 'Pod' ? { replicas: 1, ready: isReady(status) ? 1 : 0 } : countsOf(wanted, status.ready)
  const state = stateOf(status, isDeleting)
  return {
    uid,
    spec,
    ...(images.length > 0 ? { images } : {}),
    ...own,
    ...(state === '' ? {} : { state }),
    ...(type === 'Pod' && status.restarts !== undefined ? { restarts: status.restarts } : {}),
  }
}

/** A status leaves `readyReplicas` out when there are none. */
function countsOf(wanted: number | undefined, ready: number | undefined): Pick<ObjectFacts, 'replicas' | 'ready'> {
  if (wanted === undefined && ready === undefined) return {}
  return { ...(wanted === undefined ? {} : { replicas: wanted }), ready: ready ?? 0 }
}
