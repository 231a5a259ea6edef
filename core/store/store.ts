import type { Problem } from '../errors.ts'
import type { Kind } from '../names.ts'

/** Where an object is. The file store has one tenant and keeps `namespace` as it is given. */
export interface Ref {
  kind: Kind
  namespace: string
  name: string
}

/** What is written: the document's text (YAML for jobs and templates, else JSON) and what stands around it. */
export interface Document {
  text: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  /** the Job that this object goes with; the object is removed with it */
  owner?: { name: string; uid: string }
}

/** What is read. `version` changes with every write and means nothing else; `uid` is new for each creation. */
export interface Stored extends Ref {
  uid: string
  version: string
  createdAt: Date
  text: string
  labels: Record<string, string>
  annotations: Record<string, string>
  owner?: { name: string; uid: string }
  /** no update is possible any more, only removal */
  isSealed: boolean
}

/** Largest document text in bytes, by kind: well below the 1 MiB of a ConfigMap. */
export const TEXT_LIMIT: Record<Kind, number> = {
  job: 64 * 1024,
  template: 64 * 1024,
  status: 32 * 1024,
  ledger: 128 * 1024,
  run: 16 * 1024,
  request: 4 * 1024,
}

/**
 * Where jobs and the records of their runs live. Errors are catalogued: STORE_EXISTS, STORE_CONFLICT, STORE_GONE,
 * STORE_FORBIDDEN, STORE_UNAVAILABLE, STORE_FULL, STORE_TOO_LARGE. One conformance suite runs on every backend.
 */
export interface Store {
  /** All objects of one or several kinds, each kind sorted by name. Reads as it goes: what changes meanwhile may be seen or not. */
  list(kinds: Kind | readonly Kind[], namespace: string): AsyncIterable<Stored>
  get(ref: Ref): Promise<Stored | undefined>
  /** Exactly one of many concurrent creators of a name succeeds; all others get STORE_EXISTS. Creating a run is its claim. */
  create(ref: Ref, document: Document): Promise<Stored>
  /**
   * Replaces the whole document (text, labels, annotations, owner) if nobody did since `version` was read (STORE_CONFLICT), and it
   * is still there (STORE_GONE). `uid` and `createdAt` stay.
   */
  update(ref: Ref, document: Document, version: string): Promise<Stored>
  /** The last update: afterwards every update fails with STORE_CONFLICT. */
  seal(ref: Ref, document: Document, version: string): Promise<void>
  /** Removing what is not there is no error. With `version`: only if unchanged, else STORE_CONFLICT. What a Job owns goes soon after it. */
  remove(ref: Ref, version?: string): Promise<void>
  /**
   * What changed, soon after it did: its name, or the whole object where the backend was told it; `resync` first and whenever something may have been missed: then read everything.
   * May name a thing twice or one that did not change. Ends when the signal aborts, without throwing.
   */
  watch(namespace: string, kinds: readonly Kind[], signal: AbortSignal): AsyncIterable<Ref | 'resync'>
}

/** All namespaces, for `list`: on backends that have several, where the identity may do that. */
export const EVERYWHERE = '*'

/** Told by a backend about damage that it mended or went around; never thrown. */
export type OnProblem = (problem: Problem) => void
