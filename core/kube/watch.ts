import type { Query } from '../contract/collector.ts'
import { Backoff } from './backoff.ts'
import type { KubeClient } from './client.ts'
import { listAll } from './list.ts'
import type { RawItem } from './raw-item.ts'
import { isStatus } from './status-error.ts'
import { readFrames } from './watch-frames.ts'

/** What a watcher sees. After `resync`, the items are all there are: what else was known is gone. */
export type WatchEvent =
  | { type: 'resync'; items: RawItem[]; resourceVersion: string }
  | { type: 'added' | 'modified' | 'deleted'; object: RawItem; resourceVersion: string }

export interface WatchOptions {
  /** of the collection */
  path: string
  /** selectors */
  query?: Query
  /** ends the watch: the loop over it ends without an error */
  signal: AbortSignal
  /** lists again after this long, whatever the watch said, with jitter. Default 5 min */
  relistMs?: number
  /** the longest silence. A server sends a bookmark each minute. Default 90 s */
  idleMs?: number
  /** hears of everything that went wrong; the watch itself goes on, in `retryMs` */
  onProblem?: (error: unknown, retryMs: number) => void
}

const RELIST_MS = 300_000
const IDLE_MS = 90_000
/** Connections are renewed by the server after this long, spread so that not all of them end at once. */
const SESSION_MS = { least: 240_000, spread: 60_000 }
/** A watch that lived this long, or brought news, was no failure: behind some load balancers none lives much longer. */
const HEALTHY_MS = 500
/** Rights and API groups come rarely, and asking for them often helps nobody. */
const UNLIKELY_MS = 30_000

/**
 * List and watch of one collection, without end: through time-outs, cut connections, restarts of the server, and forgotten
 * history. Every change is seen, at the latest at the next resync, where several to one object are seen as one.
 * The list is held in memory once for each resync. Never throws because of the server: see `onProblem`.
 */
export async function* watch(client: KubeClient, options: WatchOptions): AsyncGenerator<WatchEvent> {
  const { signal } = options
  const { clock } = client
  const backoff = new Backoff(() => client.random())
  const state: State = { resourceVersion: undefined, relistAtMs: 0 }
  while (!signal.aborted) {
    const startedAt = clock.monotonicMs()
    const from = state.resourceVersion
    let problem: unknown
    try {
      if (state.resourceVersion === undefined || startedAt >= state.relistAtMs) yield await resync(client, options, state)
      yield* session(client, options, state)
    } catch (error) {
      if (signal.aborted) return
      problem = error
    }
    const cameFarther = from !== undefined && state.resourceVersion !== from
    // forgotten history: only a new list helps; after anything else the watch goes on where it was
    if (isStatus(problem, 410) || problem instanceof SyntaxError) state.resourceVersion = undefined
    const wasHealthy = cameFarther || clock.monotonicMs() - startedAt >= HEALTHY_MS
    if (wasHealthy) backoff.reset()
    if (wasHealthy && problem === undefined) continue
    const waitMs = backoff.next(leastWait(problem))
    if (problem !== undefined) options.onProblem?.(problem, waitMs)
    await clock.sleep(waitMs, signal).catch(() => undefined)
  }
}

function leastWait(problem: unknown): number | undefined {
  if (isStatus(problem, 401, 403, 404, 405)) return UNLIKELY_MS
  return isStatus(problem, 429, 500, 502, 503, 504) ? problem.retryAfterMs : undefined
}

interface State {
  /** seen up to here; undefined = a list is needed */
  resourceVersion: string | undefined
  relistAtMs: number
}

async function resync(client: KubeClient, options: WatchOptions, state: State): Promise<WatchEvent> {
  const { path, query = {}, signal } = options
  const { items, resourceVersion } = await listAll(client, { path, query, signal })
  state.resourceVersion = resourceVersion
  state.relistAtMs = client.clock.monotonicMs() + (options.relistMs ?? RELIST_MS) * (1 + client.random() / 10)
  return { type: 'resync', items, resourceVersion }
}

/** One connection of the watch. */
async function* session(client: KubeClient, options: WatchOptions, state: State): AsyncGenerator<WatchEvent> {
  const { path, query, signal } = options
  const sessionMs = SESSION_MS.least + client.random() * SESSION_MS.spread
  const untilRelistMs = state.relistAtMs - client.clock.monotonicMs()
  const response = await client.request({
    path,
    query: {
      ...query,
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion: state.resourceVersion,
      timeoutSeconds: Math.max(1, Math.ceil(Math.min(sessionMs, untilRelistMs) / 1000)),
    },
    signal,
    isLongLived: true,
    timeoutMs: options.idleMs ?? IDLE_MS,
  })
  for await (const frame of readFrames(response.body)) {
    state.resourceVersion = frame.resourceVersion ?? state.resourceVersion
    const type = EVENTS[frame.type]
    if (type) yield { type, object: frame.object, resourceVersion: frame.resourceVersion ?? '' }
  }
}

/** Bookmarks are not among them: they only say how far the watch has come. */
const EVENTS: Record<string, 'added' | 'modified' | 'deleted'> = { ADDED: 'added', MODIFIED: 'modified', DELETED: 'deleted' }
