import { access, mkdir, open, readFile, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type Adapter, Low } from 'lowdb'
import * as z from 'zod'
import type { Clock } from '../../core/clock.ts'

/** What the agent saw last. A cache and a to-do list: it can be deleted at any time. */
export const Cache = z.object({
  schema: z.literal(1),
  jobs: z.record(z.string(), z.object({ uid: z.string(), specHash: z.string() })),
  outbox: z.array(z.object({ run: z.string(), targets: z.array(z.string()), nextTryAt: z.string().optional() })),
})
export type Cache = z.infer<typeof Cache>
const EMPTY: Cache = { schema: 1, jobs: {}, outbox: [] }

/**
 * A lowdb adapter that survives a power cut and a full disk: temp file, fsync, rename, fsync of the folder; one write at a
 * time, none when nothing changed. A damaged file is moved aside and an empty cache begun.
 */
export class DurableFile implements Adapter<Cache> {
  readonly #path: string
  readonly #clock: Clock
  #last = ''
  #queue: Promise<unknown> = Promise.resolve()

  constructor(path: string, clock: Clock) {
    this.#path = path
    this.#clock = clock
  }

  async read(): Promise<Cache | null> {
    const text = await readFile(this.#path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (text === undefined) return null
    const parsed = Cache.safeParse(parse(text))
    if (parsed.success) return parsed.data
    await rename(this.#path, `${this.#path}.corrupt-${this.#clock.now().getTime()}`)
    return null
  }

  write(data: Cache): Promise<void> {
    const text = JSON.stringify(data)
    const result = this.#queue.then(() => this.#put(text))
    this.#queue = result.catch(() => undefined)
    return result
  }

  async #put(text: string): Promise<void> {
    if (text === this.#last && (await isThere(this.#path))) return
    const folder = dirname(this.#path)
    // Always the same: what a crash left is overwritten. One process at a time has the cache.
    const temp = join(folder, `.${basename(this.#path)}.new`)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const handle = await open(temp, 'w', 0o600)
    try {
      await handle.writeFile(text)
      await handle.sync()
      await handle.close()
      await rename(temp, this.#path)
      const parent = await open(folder, 'r')
      await parent.sync().finally(() => parent.close())
      this.#last = text
    } catch (error) {
      await handle.close().catch(() => undefined)
      await unlink(temp).catch(() => undefined)
      throw error
    }
  }
}

/** Opens the cache. A lost one is empty; why it was lost is told, for nothing may fail for want of a cache. */
export async function openCache(path: string, clock: Clock, onProblem: (error: unknown) => void): Promise<Low<Cache>> {
  const cache = new Low<Cache>(new DurableFile(path, clock), structuredClone(EMPTY))
  await cache.read().catch(onProblem)
  return cache
}

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
