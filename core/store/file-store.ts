import { resolve } from 'node:path'
import type { Clock } from '../clock.ts'
import { fail, isFailure } from '../errors.ts'
import { jobOf, type Kind } from '../names.ts'
import { type ConfigMap, decode, describeRef, encode } from './codec.ts'
import { contentVersion } from './content-version.ts'
import { DocumentFiles } from './document-files.ts'
import { createFile, type Disk, removeFile, replaceFile } from './durable-file.ts'
import { createRepair, type Repair } from './file-repair.ts'
import { catalogued, type FileSystem, nodeFileSystem } from './file-system.ts'
import { sweep } from './file-sweep.ts'
import { watchFiles } from './file-watch.ts'
import { checkName, createFolders, type Folders, isOfUnknownMonth } from './folders.ts'
import { inOrder } from './in-order.ts'
import { isOrphan, OWNED_KINDS } from './owned.ts'
import type { ProcessTable } from './process-table.ts'
import type { Document, OnProblem, Ref, Store, Stored } from './store.ts'

const READS_AT_ONCE = 16

export interface FileStoreOptions {
  /** made by the first write */
  folder: string
  clock: Clock
  newUid: () => string
  processes: ProcessTable
  onProblem: OnProblem
  fs?: FileSystem
  /** keep second copies of jobs, runs and ledgers, to mend damaged files with; default true */
  backup?: boolean
}

/**
 * The store of local mode: one document a file. Any number of processes of one machine may use a folder at the same time.
 * Its one tenant has all namespaces: objects are told apart by kind and name alone. Throws JOB_NAME_INVALID for names that
 * are no file's, and all errors of the port.
 */
export function createFileStore(options: FileStoreOptions): Store {
  return new FileStore(options)
}

class FileStore implements Store {
  readonly #clock: Clock
  readonly #newUid: () => string
  readonly #disk: Disk & { clock: Clock }
  readonly #folders: Folders
  readonly #repair: Repair
  readonly #files: DocumentFiles
  #swept: Promise<void> | undefined

  constructor({ folder, clock, newUid, processes, onProblem, fs = nodeFileSystem, backup = true }: FileStoreOptions) {
    this.#clock = clock
    this.#newUid = newUid
    this.#disk = { fs, processes, clock }
    this.#folders = createFolders(resolve(folder), fs)
    this.#repair = createRepair({ disk: this.#disk, folders: this.#folders, clock, onProblem, hasCopies: backup })
    this.#files = new DocumentFiles(this.#disk, this.#folders, this.#repair)
  }

  async *list(kinds: Kind | readonly Kind[], namespace: string): AsyncGenerator<Stored> {
    for (const kind of [kinds].flat()) {
      const entries = await this.#files.entries(kind, namespace)
      for await (const stored of inOrder(entries, READS_AT_ONCE, ({ ref, path }) => this.#files.read(ref, path))) {
        if (stored) yield stored
      }
    }
  }

  async get(ref: Ref): Promise<Stored | undefined> {
    checkName(ref)
    const path = await this.#files.find(ref)
    return path === undefined ? undefined : this.#files.read(ref, path)
  }

  async create(ref: Ref, document: Document): Promise<Stored> {
    checkName(ref)
    const createdAt = this.#clock.now()
    const config = encode(ref, document, { uid: this.#newUid(), createdAt, isSealed: false })
    const bytes = serialize(config)
    const path = this.#folders.home(ref, createdAt)
    const make = async () => {
      const isNew = await catalogued(path, createFile(this.#disk, path, bytes))
      if (!isNew) throw fail('STORE_EXISTS', describeRef(ref))
    }
    await this.#sweepOnce()
    if (isOfUnknownMonth(ref)) {
      // the name must be free in every month, which link(2) in one folder cannot see to
      await this.#files.locked(ref, async () => {
        if ((await this.#files.find(ref)) !== undefined) throw fail('STORE_EXISTS', describeRef(ref))
        await make()
        await this.#repair.keep(ref, bytes)
      })
    } else {
      await make()
      await this.#files.keepCreated(ref, path, bytes)
    }
    return decode(config, contentVersion(bytes))
  }

  update(ref: Ref, document: Document, version: string): Promise<Stored> {
    return this.#replace(ref, document, version, false)
  }

  async seal(ref: Ref, document: Document, version: string): Promise<void> {
    await this.#replace(ref, document, version, true)
  }

  async remove(ref: Ref, version?: string): Promise<void> {
    checkName(ref)
    const path = await this.#files.find(ref)
    if (path !== undefined) {
      await this.#sweepOnce()
      const remove = () => catalogued(path, this.#removeLocked(ref, path, version))
      // A full disk has no room for a lock either, but must not keep anyone from making room: nor can anybody write now.
      await this.#files.locked(ref, remove).catch((error: unknown) => {
        if (!isFailure(error, 'STORE_FULL')) throw error
        return remove()
      })
    }
    if (ref.kind === 'job') await this.#removeOrphans(ref)
  }

  watch(namespace: string, kinds: readonly Kind[], signal: AbortSignal): AsyncIterable<Ref | 'resync'> {
    return watchFiles({ folders: this.#folders, fs: this.#disk.fs, clock: this.#clock, namespace, kinds }, signal)
  }

  async #replace(ref: Ref, document: Document, version: string, isSealed: boolean): Promise<Stored> {
    checkName(ref)
    const path = await this.#files.find(ref)
    if (path === undefined) throw fail('STORE_GONE', describeRef(ref))
    await this.#sweepOnce()
    return this.#files.locked(ref, async () => {
      const now = await this.#repair.mend(ref, path)
      if (!now) throw fail('STORE_GONE', describeRef(ref))
      if (now.version !== version || now.isSealed) throw fail('STORE_CONFLICT', describeRef(ref))
      const config = encode(ref, document, { uid: now.uid, createdAt: now.createdAt, isSealed })
      // so that a document that was changed and changed back is not the one that somebody read before
      config.metadata.resourceVersion = now.version
      const bytes = serialize(config)
      await catalogued(path, replaceFile(this.#disk, path, bytes, 'durable'))
      await this.#repair.keep(ref, bytes)
      return decode(config, contentVersion(bytes))
    })
  }

  async #removeLocked(ref: Ref, path: string, version: string | undefined): Promise<void> {
    if (version !== undefined) {
      const now = await this.#repair.mend(ref, path)
      if (!now) return
      if (now.version !== version) throw fail('STORE_CONFLICT', describeRef(ref))
    }
    await this.#repair.forget(ref)
    await removeFile(this.#disk.fs, path)
  }

  /** As the API server's garbage collection does; what a crash left of a removal is done by the next removal of that job. */
  async #removeOrphans(job: Ref): Promise<void> {
    for (const kind of OWNED_KINDS) {
      for (const { ref, path } of await this.#files.entries(kind, job.namespace)) {
        if (jobOf(ref.name) === job.name) await this.#removeIfOrphan(ref, path, job)
      }
    }
  }

  async #removeIfOrphan(ref: Ref, path: string, job: Ref): Promise<void> {
    for (;;) {
      const stored = await this.#files.read(ref, path)
      // the Job is read after what it may own: if a new Job made this object, that Job is seen
      if (!stored || !isOrphan(stored, await this.get(job), job.name)) return
      try {
        return await this.remove(ref, stored.version)
      } catch (error) {
        if (!isFailure(error, 'STORE_CONFLICT')) throw error
      }
    }
  }

  /** Only who writes cleans up: reading leaves the folder as it is. */
  async #sweepOnce(): Promise<void> {
    this.#swept ??= sweep(this.#disk, this.#folders)
    await this.#swept
  }
}

/** For people to read, too. */
const serialize = (config: ConfigMap) => Buffer.from(`${JSON.stringify(config, null, 2)}\n`)
