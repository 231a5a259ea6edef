import { reasonOf } from '../../../core/errors.ts'
import type { Body, FileOutput, LogLimits, LogSource, LogWish } from '../../../core/contract/index.ts'

/** Where logs go, and names of what is there. */
export interface LogShelf {
  take(output: FileOutput): Promise<number>
  /** further names of a file that is there */
  link(path: string, links: readonly string[]): Promise<void>
  isFree(path: string): boolean
}

/** Which logs were fetched in this run: each is fetched once, with the widest limits and all names that entries want. */
export interface LogBook {
  /** A body that stands for a log; `open` fetches it. */
  body(source: LogSource, limits: LogLimits, open: (limits: LogLimits) => AsyncIterable<Uint8Array>): Body
  /** True for a body of this book. */
  has(body: Body): boolean
  /** Puts the log into the bundle, or adds names to where it is. Gives its bytes the first time. Throws what fetching it throws. */
  store(output: FileOutput, shelf: LogShelf): Promise<number>
}

interface Log {
  source: LogSource
  limits: LogLimits
  open: (limits: LogLimits) => AsyncIterable<Uint8Array>
}

interface Stored {
  path: string
  names: Set<string>
  /** until it is there, or is not to be had */
  pending: Promise<void> | undefined
  /** As data: an error holds on to the frames it was thrown in, and these to the pod and to the answer that it came in. */
  failure?: { message: string; code?: unknown; class?: unknown; remedy?: unknown }
}

/** @param wishesOf what all entries of the run want of a log */
export function createLogBook(wishesOf: (source: LogSource) => LogWish[]): LogBook {
  const logs = new WeakMap<object, Log>()
  const stored = new Map<string, Stored>()
  const wide = ({ source, limits }: Log) => [limits, ...wishesOf(source).map((wish) => wish.limits)].reduce(widest)

  const first = (key: string, log: Log, output: FileOutput, shelf: LogShelf): Promise<number> => {
    const { path, links = [] } = output
    const wanted = [...links, ...wishesOf(log.source).flatMap((wish) => wish.links)]
    // Pods of one name in several namespaces want one name: the first has it, and the file itself stays where it is.
    const free = [...new Set(wanted)].filter((link) => link !== path && shelf.isFree(link))
    const done = shelf.take({ ...output, links: free, body: () => log.open(wide(log)) })
    const known: Stored = { path, names: new Set([path, ...free]), pending: undefined }
    stored.set(key, known)
    known.pending = done
      .then(
        () => undefined,
        (error: unknown) => void (known.failure = failureOf(error)),
      )
      .then(() => void (known.pending = undefined))
    return done
  }
  const again = async (known: Stored, output: FileOutput, shelf: LogShelf): Promise<number> => {
    await known.pending
    if (known.failure) throw Object.assign(new Error(known.failure.message), known.failure)
    const wanted = [output.path, ...(output.links ?? [])]
    const missing = wanted.filter((name) => !known.names.has(name) && shelf.isFree(name))
    for (const name of missing) known.names.add(name)
    if (missing.length > 0) await shelf.link(known.path, missing)
    return 0
  }
  return {
    body(source, limits, open) {
      const log = { source, limits, open }
      const body = () => open(wide(log))
      logs.set(body, log)
      return body
    },
    has: (body) => typeof body === 'function' && logs.has(body),
    async store(output, shelf) {
      const log = typeof output.body === 'function' ? logs.get(output.body) : undefined
      if (!log) return shelf.take(output)
      const { namespace, name, container, previous = false } = log.source
      const key = [namespace, name, container, previous].join('/')
      const known = stored.get(key)
      return known ? again(known, output, shelf) : first(key, log, output, shelf)
    },
  }
}

/** What an error tells, without the error. */
function failureOf(error: unknown): NonNullable<Stored['failure']> {
  const told = Object.entries({ ...(error as { code?: unknown; class?: unknown; remedy?: unknown }) })
  const kept = told.filter(([name]) => ['code', 'class', 'remedy'].includes(name))
  return { ...Object.fromEntries(kept), message: reasonOf(error) }
}

/** Limits that cut off nothing that either lets through. */
export function widest(a: LogLimits, b: LogLimits): LogLimits {
  const most = (x: number | undefined, y: number | undefined) => (x === undefined || y === undefined ? undefined : Math.max(x, y))
  const maxLines = most(a.maxLines, b.maxLines)
  const maxBytes = most(a.maxBytes, b.maxBytes)
  const sinceTime = most(a.sinceTime && -a.sinceTime.getTime(), b.sinceTime && -b.sinceTime.getTime())
  return {
    ...(maxLines === undefined ? {} : { maxLines }),
    ...(maxBytes === undefined ? {} : { maxBytes }),
    ...(sinceTime === undefined ? {} : { sinceTime: new Date(-sinceTime) }),
    ...(a.timestamps || b.timestamps ? { timestamps: true } : {}),
  }
}
