import { dirname, join } from 'node:path'
import type { Clock } from '../clock.ts'
import type { Kind } from '../names.ts'
import { type FileSystem, ifThere } from './file-system.ts'
import { type Entry, type Folders, isMonth, nameOf } from './folders.ts'
import { inOrder } from './in-order.ts'
import type { Ref } from './store.ts'

const SCAN_EVERY_MS = 5_000
const STATS_AT_ONCE = 16

interface Options {
  folders: Folders
  fs: FileSystem
  clock: Clock
  namespace: string
  kinds: readonly Kind[]
}

/**
 * Names what changed, as the Store's `watch` promises. The system's watches make it quick; a scan each 5 s finds what they missed
 * (network file systems, folders made later), and is all there is when the system has no watches left.
 */
export async function* watchFiles(options: Options, signal: AbortSignal): AsyncGenerator<Ref | 'resync'> {
  const watch = new FolderWatch(options)
  const stopped = new AbortController()
  const stop = () => {
    stopped.abort()
    watch.ring()
  }
  signal.addEventListener('abort', stop, { once: true })
  try {
    if (signal.aborted) return
    await watch.scan()
    tick(options.clock, watch, stopped.signal).catch(() => undefined)
    if (!signal.aborted) yield 'resync'
    while (!signal.aborted) {
      for (const ref of await watch.changes()) {
        if (signal.aborted) return
        yield ref
      }
    }
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
    watch.close()
  }
}

async function tick(clock: Clock, watch: FolderWatch, signal: AbortSignal): Promise<void> {
  for (;;) {
    await clock.sleep(SCAN_EVERY_MS, signal)
    watch.scanSoon()
  }
}

/** What tells one state of a file from another; empty when it is not there. */
interface Look extends Entry {
  look: string
}

/** Remembers what each file looked like, so that an event and the scan after it name a change once. */
class FolderWatch {
  readonly #options: Options
  /** by path */
  readonly #seen = new Map<string, Look>()
  /** by folder; `ino` tells a folder from one that was made anew in its place */
  readonly #watchers = new Map<string, { ino: bigint; close(): void }>()
  readonly #touched = new Map<string, Ref>()
  #isScanDue = false
  #bell = Promise.withResolvers<void>()

  constructor(options: Options) {
    this.#options = options
  }

  ring(): void {
    this.#bell.resolve()
  }

  scanSoon(): void {
    this.#isScanDue = true
    this.ring()
  }

  close(): void {
    for (const folder of this.#watchers.keys()) this.#unwatch(folder)
  }

  /** Waits until something happened, and gives the objects that really changed. */
  async changes(): Promise<Ref[]> {
    await this.#bell.promise
    this.#bell = Promise.withResolvers()
    const touched = [...this.#touched].map(([path, ref]) => ({ path, ref }))
    this.#touched.clear()
    if (!this.#isScanDue) return this.#compare(await this.#look(touched))
    this.#isScanDue = false
    return this.scan()
  }

  /** Looks at everything. What cannot be looked at is left as it was: not to see a file does not mean that it is gone. */
  async scan(): Promise<Ref[]> {
    const changed: Ref[] = []
    for (const kind of this.#options.kinds) {
      // before the look, so that nothing falls in between
      await this.#watch(kind, this.#options.folders.top(kind))
      const folders = await this.#options.folders.of(kind).catch(() => undefined)
      if (!folders) continue
      const gone = [...this.#seen].filter(([path, { ref }]) => ref.kind === kind && !folders.includes(dirname(path)))
      changed.push(...this.#compare(gone.map(([path, { ref }]) => ({ path, ref, look: '' }))))
      for (const folder of folders) changed.push(...(await this.#scanFolder(kind, folder).catch(() => [])))
    }
    return changed
  }

  async #scanFolder(kind: Kind, folder: string): Promise<Ref[]> {
    const { folders, namespace } = this.#options
    await this.#watch(kind, folder)
    const entries = await folders.entries(kind, namespace, folder)
    const paths = new Set(entries.map(({ path }) => path))
    const gone = [...this.#seen].filter(([path]) => dirname(path) === folder && !paths.has(path))
    return this.#compare([...gone.map(([path, { ref }]) => ({ path, ref, look: '' })), ...(await this.#look(entries))])
  }

  async #look(entries: Entry[]): Promise<Look[]> {
    const lookAt = async (entry: Entry): Promise<Look | undefined> => {
      const found = await ifThere(this.#options.fs.stat(entry.path)).catch(() => null)
      if (found === null) return undefined
      return { ...entry, look: found ? `${found.mtimeNs} ${found.size} ${found.ino}` : '' }
    }
    const looks: Look[] = []
    for await (const look of inOrder(entries, STATS_AT_ONCE, lookAt)) if (look) looks.push(look)
    return looks
  }

  #compare(looks: Look[]): Ref[] {
    const changed: Ref[] = []
    for (const now of looks) {
      if ((this.#seen.get(now.path)?.look ?? '') === now.look) continue
      changed.push(now.ref)
      if (now.look) this.#seen.set(now.path, now)
      else this.#seen.delete(now.path)
    }
    return changed
  }

  async #watch(kind: Kind, folder: string): Promise<void> {
    const { fs, namespace } = this.#options
    const ino = (await ifThere(fs.stat(folder)).catch(() => undefined))?.ino
    if (this.#watchers.get(folder)?.ino === ino) return
    this.#unwatch(folder)
    if (ino === undefined) return
    const onChange = (file: string | null) => {
      const name = file === null ? undefined : nameOf(file)
      if (file !== null && name !== undefined) this.#touched.set(join(folder, file), { kind, namespace, name })
      else if (file === null || isMonth(file)) this.#isScanDue = true
      else return
      this.ring()
    }
    try {
      this.#watchers.set(folder, { ino, ...closer(fs.watch(folder, onChange, () => this.#unwatch(folder))) })
    } catch {
      // no watches left: the next scan tries again
    }
  }

  #unwatch(folder: string): void {
    this.#watchers.get(folder)?.close()
    this.#watchers.delete(folder)
  }
}

const closer = (watcher: { close(): void }) => ({ close: () => watcher.close() })
