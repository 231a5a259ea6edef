import { dirname } from 'node:path'
import type { FileSystem } from '../../../core/store/file-system.ts'

interface Inode {
  ino: bigint
  bytes: Buffer
  synced: Buffer
  mtimeNs: bigint
}
type Folder = { now: Map<string, Inode>; synced: Map<string, Inode> }
type Loss = 'everything' | 'contents' | 'names'

/** Files in memory that know what of them is on the disk, so that the power can be cut. */
export class MemoryFileSystem implements FileSystem {
  readonly #folders = new Map<string, Folder>()
  /** folders that are on the disk, if those above them are */
  readonly #syncedFolders = new Set<string>()
  #changes = 0n

  /**
   * Takes away what was not synced: the names in folders, the contents of files, or both. A disk writes in any order, so that each
   * of them can happen. Content that was never synced is left empty.
   */
  cutPower(loss: Loss): void {
    for (const path of this.#folders.keys()) if (loss !== 'contents' && !this.#isSynced(path)) this.#folders.delete(path)
    for (const folder of this.#folders.values()) {
      if (loss !== 'contents') folder.now = new Map(folder.synced)
      for (const inode of folder.now.values()) if (loss !== 'names') inode.bytes = inode.synced
    }
  }

  /** All files, by path. */
  get contents(): Record<string, string> {
    const files = [...this.#folders].flatMap(([path, folder]) =>
      [...folder.now].map(([name, inode]) => [`${path}/${name}`, inode.bytes.toString('utf8')]),
    )
    return Object.fromEntries(files)
  }

  async open(path: string, flags: 'wx' | 'r') {
    if (flags === 'r') {
      this.#folder(path)
      return {
        write: () => Promise.reject(failure('EBADF')),
        sync: async () => this.#sync(path),
        close: noop,
      }
    }
    const { folder, name } = this.#split(path)
    if (folder.now.has(name)) throw failure('EEXIST')
    const inode: Inode = { ino: ++this.#changes, bytes: Buffer.alloc(0), synced: Buffer.alloc(0), mtimeNs: this.#changes }
    folder.now.set(name, inode)
    return {
      write: async (bytes: Uint8Array, offset: number) => {
        inode.bytes = Buffer.concat([inode.bytes, bytes.subarray(offset)])
        inode.mtimeNs = ++this.#changes
        return bytes.length - offset
      },
      sync: async () => void (inode.synced = inode.bytes),
      close: noop,
    }
  }

  async readFile(path: string): Promise<Buffer> {
    return Buffer.from(this.#inode(path).bytes)
  }

  async readdir(path: string) {
    const folders = [...this.#folders.keys()]
      .filter((folder) => dirname(folder) === path)
      .map((folder) => folder.slice(path.length + 1))
    const files = [...this.#folder(path).now.keys()]
    return [...folders, ...files].map((name) => ({ name, isDirectory: () => folders.includes(name) }))
  }

  async stat(path: string) {
    if (this.#folders.has(path)) return { ino: 0n, size: 0n, mtimeNs: 0n }
    const { ino, bytes, mtimeNs } = this.#inode(path)
    return { ino, mtimeNs, size: BigInt(bytes.length) }
  }

  async mkdir(path: string): Promise<string | undefined> {
    let topmost: string | undefined
    for (let folder = path; folder !== '/' && !this.#folders.has(folder); folder = dirname(folder)) {
      this.#folders.set(folder, { now: new Map(), synced: new Map() })
      topmost = folder
    }
    if (!this.#folders.has('/')) this.#folders.set('/', { now: new Map(), synced: new Map() })
    return topmost
  }

  async link(path: string, other: string): Promise<void> {
    const inode = this.#inode(path)
    const { folder, name } = this.#split(other)
    if (folder.now.has(name)) throw failure('EEXIST')
    folder.now.set(name, inode)
  }

  async rename(path: string, other: string): Promise<void> {
    const inode = this.#inode(path)
    const to = this.#split(other)
    if (to.folder.now.get(to.name) === inode) return // two names of one file: nothing happens
    const from = this.#split(path)
    from.folder.now.delete(from.name)
    to.folder.now.set(to.name, inode)
  }

  async unlink(path: string): Promise<void> {
    this.#inode(path)
    const { folder, name } = this.#split(path)
    folder.now.delete(name)
  }

  watch(): { close(): void } {
    throw failure('ENOSPC')
  }

  #folder(path: string): Folder {
    const folder = this.#folders.get(path)
    if (!folder) throw failure('ENOENT')
    return folder
  }

  #sync(path: string): void {
    const folder = this.#folder(path)
    folder.synced = new Map(folder.now)
    for (const inner of this.#folders.keys()) if (dirname(inner) === path) this.#syncedFolders.add(inner)
  }

  #isSynced(path: string): boolean {
    return path === '/' || (this.#syncedFolders.has(path) && this.#isSynced(dirname(path)))
  }

  #split(path: string) {
    return { folder: this.#folder(dirname(path)), name: path.slice(dirname(path).length + 1) }
  }

  #inode(path: string): Inode {
    const { folder, name } = this.#split(path)
    const inode = folder.now.get(name)
    if (!inode) throw failure('ENOENT')
    return inode
  }
}

export const failure = (code: string) => Object.assign(new Error(`${code}: injected, somewhere`), { code })

const noop = async () => undefined
