import { hash } from 'node:crypto'
import { PREFIX } from '../../core/names.ts'
import { isCountedAnnotation, isCountedMember, isCountedName, isCountedType, isOurLabel, typeOf } from './counted.ts'
import type { ObjectFacts } from './facts.ts'
import type { JsonScan } from './json-scan.ts'
import { readStatus, type Status } from './read-status.ts'

/** One object as it stands in a list. */
export interface ReadObject extends Required<Pick<ObjectFacts, 'uid' | 'spec' | 'images'>> {
  type: string
  namespace: string
  name: string
  createdAt: string
  isDeleting: boolean
  /** its controller, for kinds whose objects are told by it */
  owner: { type: string; name: string } | undefined
  replicas: number | undefined
  status: Status
}

/** Kinds whose specs hold containers. */
const HAS_CONTAINERS: ReadonlySet<string> = new Set([
  'Pod',
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'ReplicationController',
  'Job',
  'CronJob',
])
/** Kinds whose objects come and go with their controller, which tells more than they do. */
const FOLDED: ReadonlySet<string> = new Set(['Pod', 'ReplicaSet', 'Job'])
/** Of a static pod, which has no other. */
const NODE = 'Node'

const IMAGE = Buffer.from('"image":')
const QUOTE = 0x22
const SPACES: ReadonlySet<number | undefined> = new Set([0x20, 0x0a, 0x0d, 0x09])
/** 72 bits: two specs of one object are taken for the same once in 10^21 changes. */
const HASH_LENGTH = 12

/** Bytes that are hashed together; its room is used again for each object. */
class Pieces {
  #bytes = Buffer.allocUnsafe(64 * 1024)
  #length = 0

  add(source: Buffer, from: number, to: number): void {
    while (this.#length + to - from > this.#bytes.length)
      this.#bytes = Buffer.concat([this.#bytes, Buffer.allocUnsafe(this.#bytes.length)])
    this.#length += source.copy(this.#bytes, this.#length, from, to)
  }

  /** the member whose key was gone to, with its value */
  addMember(scan: JsonScan): void {
    const from = scan.keyAt
    scan.skip()
    this.add(scan.bytes, from, scan.at)
  }

  take(): string {
    const digest = hash('sha256', this.#bytes.subarray(0, this.#length), 'base64url')
    this.#length = 0
    return digest.slice(0, HASH_LENGTH)
  }

  drop(): void {
    this.#length = 0
  }
}

const pieces = new Pieces()

/** Reads the object that comes next; undefined for one that does not count. Throws a SyntaxError for what is no JSON. */
export function readObject(scan: JsonScan): ReadObject | undefined {
  if (!scan.enterObject()) return undefined
  pieces.drop()
  const kept = { kind: '', apiVersion: '', isOurs: false }
  const object: ReadObject = {
    type: '',
    namespace: '',
    name: '',
    uid: '',
    spec: '',
    images: [],
    createdAt: '',
    isDeleting: false,
    owner: undefined,
    replicas: undefined,
    status: {},
  }
  while (scan.nextKey()) {
    if (scan.isKey('kind')) kept.kind = scan.text() ?? ''
    else if (scan.isKey('apiVersion')) kept.apiVersion = scan.text() ?? ''
    else if (scan.isKey('metadata')) kept.isOurs = readMetadata(scan, object)
    else if (scan.isKey('spec')) readSpec(scan, object, kept.kind)
    else if (scan.isKey('status')) readStatus(scan, object.status)
    else if (isCountedMember(kept.kind, scan.key())) pieces.addMember(scan)
    else scan.skip()
  }
  const type = typeOf(kept.apiVersion, kept.kind)
  const isCounted = isCountedType(type) && isCountedName(type, object.name) && !(kept.isOurs && type !== 'Namespace')
  if (!isCounted || kept.kind === '' || object.name === '') return undefined
  const isFolded = FOLDED.has(type) && object.owner !== undefined && object.owner.type !== NODE
  object.type = type
  if (isFolded) return object
  object.owner = undefined
  object.spec = pieces.take()
  return object
}

/** True if a label says that the object is ours. */
function readMetadata(scan: JsonScan, into: ReadObject): boolean {
  let isOurs = false
  if (!scan.enterObject()) return isOurs
  while (scan.nextKey()) {
    if (scan.isKey('name')) into.name = scan.text() ?? ''
    else if (scan.isKey('namespace')) into.namespace = scan.text() ?? ''
    else if (scan.isKey('uid')) into.uid = scan.text() ?? ''
    else if (scan.isKey('creationTimestamp')) into.createdAt = scan.text() ?? ''
    else if (scan.isKey('labels')) isOurs = readLabels(scan)
    else if (scan.isKey('annotations')) readAnnotations(scan)
    else if (scan.isKey('ownerReferences')) into.owner = controllerOf(scan)
    else {
      if (scan.isKey('deletionTimestamp')) into.isDeleting = true
      scan.skip()
    }
  }
  return isOurs
}

/** All labels count; true if one says that the object is ours. */
function readLabels(scan: JsonScan): boolean {
  const from = scan.keyAt
  let isOurs = false
  if (scan.enterObject())
    while (scan.nextKey()) {
      isOurs ||= scan.keyBegins(PREFIX) && isOurLabel(scan.key())
      scan.skip()
    }
  pieces.add(scan.bytes, from, scan.at)
  return isOurs
}

function readAnnotations(scan: JsonScan): void {
  if (!scan.enterObject()) return
  while (scan.nextKey())
    if (isCountedAnnotation(scan.key())) pieces.addMember(scan)
    else scan.skip()
}

function controllerOf(scan: JsonScan): ReadObject['owner'] {
  const owners = JSON.parse(scan.take().toString()) as unknown
  if (!Array.isArray(owners)) return undefined
  const found = (owners as Partial<Record<string, unknown>>[]).find((one) => one?.['controller'] === true)
  return found && { type: typeOf(String(found['apiVersion']), String(found['kind'])), name: String(found['name']) }
}

/** Replicas are told by their number, so they are left out of the hash. */
function readSpec(scan: JsonScan, into: ReadObject, kind: string): void {
  const from = scan.at
  // There are more pods than all else, and they have none.
  if (kind === 'Pod') pieces.addMember(scan)
  else if (scan.enterObject()) while (scan.nextKey()) readSpecMember(scan, into)
  else pieces.add(scan.bytes, from, scan.at)
  if (HAS_CONTAINERS.has(kind)) into.images = imagesIn(scan.bytes, from, scan.at)
}

function readSpecMember(scan: JsonScan, into: ReadObject): void {
  const from = scan.keyAt
  const isReplicas = scan.isKey('replicas')
  const replicas = isReplicas ? scan.number() : scan.skip()
  if (typeof replicas === 'number') into.replicas = replicas
  else pieces.add(scan.bytes, from, scan.at)
}

/** Texts under the key `image`, wherever in these bytes. */
function imagesIn(bytes: Buffer, from: number, to: number): string[] {
  const images = new Set<string>()
  for (let at = bytes.indexOf(IMAGE, from); at !== -1 && at < to; at = bytes.indexOf(IMAGE, at + IMAGE.length)) {
    // Inside of another text its quotes would be escaped, and below this key may be an object.
    let start = at + IMAGE.length
    while (SPACES.has(bytes[start])) start++
    if (bytes[start] === QUOTE) images.add(bytes.toString('utf8', start + 1, bytes.indexOf(QUOTE, start + 1)))
  }
  return images.size < 2 ? [...images] : [...images].toSorted()
}
