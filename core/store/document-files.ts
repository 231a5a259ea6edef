import type { Clock } from '../clock.ts'
import type { Kind } from '../names.ts'
import { contentVersion } from './content-version.ts'
import { readDocument } from './document-file.ts'
import type { Disk } from './durable-file.ts'
import { withLock } from './file-lock.ts'
import type { Repair } from './file-repair.ts'
import { catalogued, ifThere } from './file-system.ts'
import type { Entry, Folders } from './folders.ts'
import type { Ref, Stored } from './store.ts'

/** The documents' files: found, locked and read, with damaged ones mended on the way. Errors are catalogued. */
export class DocumentFiles {
  readonly #disk: Disk & { clock: Clock }
  readonly #folders: Folders
  readonly #repair: Repair

  constructor(disk: Disk & { clock: Clock }, folders: Folders, repair: Repair) {
    this.#disk = disk
    this.#folders = folders
    this.#repair = repair
  }

  /** All files of a kind, sorted by name. */
  async entries(kind: Kind, namespace: string): Promise<Entry[]> {
    const entriesOf = async () => {
      const folders = await this.#folders.of(kind)
      return Promise.all(folders.map((folder) => this.#folders.entries(kind, namespace, folder)))
    }
    const found = await catalogued(this.#folders.top(kind), entriesOf())
    return found.flat().sort((a, b) => (a.ref.name < b.ref.name ? -1 : 1))
  }

  /** The path of an object's file; undefined if there is none. */
  async find(ref: Ref): Promise<string | undefined> {
    const pathIfThere = async () => {
      const path = await this.#folders.find(ref)
      return path !== undefined && (await ifThere(this.#disk.fs.stat(path))) ? path : undefined
    }
    return catalogued(this.#folders.top(ref.kind), pathIfThere())
  }

  /** Does `work` while nobody else holds the object's lock. */
  async locked<T>(ref: Ref, work: () => Promise<T>): Promise<T> {
    const path = this.#folders.lock(ref)
    return catalogued(path, withLock(this.#disk, path, work))
  }

  /** What is at `path`. A damaged file that cannot be mended now (no space, no right to) is stood in for by its copy. */
  async read(ref: Ref, path: string): Promise<Stored | undefined> {
    const found = await catalogued(path, readDocument(this.#disk.fs, path, ref))
    if (found.is !== 'damaged') return found.is === 'good' ? found.stored : undefined
    try {
      return await this.locked(ref, () => this.#repair.mend(ref, path))
    } catch (error) {
      this.#repair.tellOnce(path, found.version, error)
      return (await catalogued(this.#folders.backup(ref), this.#repair.copy(ref)))?.stored
    }
  }

  /** Keeps a copy of a new document, unless somebody was quick to change or remove it. */
  async keepCreated(ref: Ref, path: string, bytes: Buffer): Promise<void> {
    if (!this.#repair.isKept(ref)) return
    try {
      await this.locked(ref, async () => {
        const now = await readDocument(this.#disk.fs, path, ref)
        if (now.is === 'good' && now.bytes.equals(bytes)) await this.#repair.keep(ref, bytes)
      })
    } catch (error) {
      this.#repair.tellOnce(path, contentVersion(bytes), error)
    }
  }
}
