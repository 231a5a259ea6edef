import { randomUUID } from 'node:crypto'
import { type Clock, deadline } from '../../../core/clock.ts'
import type { CollectorManifest, Kube, LogSource, LogWish } from '../../../core/contract/index.ts'
import type { Problem } from '../../../core/errors.ts'
import { connectionFrom } from '../../../core/kube/handed-connection.ts'
import { listPages } from '../../../core/kube/list.ts'
import { isStatus } from '../../../core/kube/status-error.ts'
import { Transport } from '../../../core/kube/transport.ts'
import type { ClusterRequest } from '../../../core/task.ts'
import { createGate } from './gate.ts'
import { GatedClient, type Shared, type Told } from './gated-client.ts'
import type { ListWorld } from './lists.ts'
import { createLogBook, type LogBook } from './log-book.ts'
import { createOwned, isOf, type Owner } from './owned.ts'
import { createPort } from './port.ts'
import { createSilentNodes } from './silent-nodes.ts'
import { type Sweep, sweepLeft } from './sweep.ts'
import { withholding } from './withheld.ts'

/** One run's way to its cluster. */
export interface RunCluster {
  /** where entries look that name none */
  namespaces: string[]
  defaultNamespace: string
  since: Date | undefined
  logs: LogBook
  /** The port of one entry's collector. `release` removes what it created, and gives a problem for each that it could not. */
  port(of: {
    manifest: CollectorManifest
    signal: AbortSignal
    onRequest(): void
    /** the server refused a request for want of a right */
    onRefused(): void
    onAnswer?(error?: unknown): void
    onLoss(problem: Problem): void
    onNote?(problem: Problem): void
  }): { kube: Kube; release(): Promise<Problem[]> }
  /** Removes what killed runs left of these kinds; gives how many. Throws as `list` does. */
  sweep(isLeft: Sweep['isLeft'], kinds?: Iterable<string>): Promise<number>
  close(): void
}

export interface RunClusterEdge {
  clock: Clock
  random(): number
  version: string
  signal: AbortSignal
  /** asks for a new bearer token; empty = there is none */
  needToken(): Promise<string>
  run: { id: string; uid?: string | undefined; job: string; namespace: string }
  /** when the run is over, whatever happens */
  expiresAt: Date
  /** how long the server may be silent, in ms; default and most: a minute */
  silenceMs?: number
  /** what all entries want of a log */
  wishesOf(source: LogSource): LogWish[]
}

/** Requests in flight, over all collectors: a bundle must not be what an API server falls over. */
const AT_ONCE = 8
/** Answers whose reader pauses hold a connection, but no turn. */
const MAX_SOCKETS = 64
/** For removing what an entry created, once it has ended. */
const RELEASE_MS = 10_000
const UNTOLD: Told = { onRequest: () => undefined, onRefused: () => undefined }
const CONNECT_TIMEOUT_MS = 15_000
const SILENCE_MS = 60_000

/** Nothing is sent until a collector asks for something. */
export function openCluster({ connection: handed, ...request }: ClusterRequest, edge: RunClusterEdge): RunCluster {
  const connection = connectionFrom(handed, edge.needToken)
  const { clock, random } = edge
  const silenceMs = Math.min(SILENCE_MS, edge.silenceMs ?? SILENCE_MS)
  const connectTimeoutMs = Math.min(CONNECT_TIMEOUT_MS, silenceMs)
  const shared: Shared = {
    connection,
    options: {
      clock,
      random,
      userAgent: `support-bundle-schedule/${edge.version}`,
      timeoutMs: silenceMs,
      retryBudgetMs: silenceMs / 2,
    },
    transport: new Transport(connection, { clock, maxSockets: MAX_SOCKETS, connectTimeoutMs }),
    credentials: connection.credentials,
    gate: createGate({ clock, atOnce: AT_ONCE, perSecond: request.apiQps }),
    compress: mayBeFar(connection),
  }
  const isEverywhere = request.namespaces.includes('*')
  const nodes = createSilentNodes(clock)
  let known: Promise<string[]> | undefined
  const worldOf = (signal: AbortSignal, told: Told): ListWorld => {
    const client = () => new GatedClient(shared, signal, told)
    const newClient = () => {
      const stopped = new AbortController()
      const client = new GatedClient(shared, AbortSignal.any([signal, stopped.signal]), told)
      return { client, stop: () => stopped.abort(new Error('nobody reads on')) }
    }
    const namespaces = () => {
      if (!isEverywhere) return Promise.resolve(request.namespaces)
      // A call that failed is no answer: the next kind may ask again.
      const asked = (known ??= allNamespaces(client(), connection.namespace))
      asked.catch(() => known === asked && (known = undefined))
      return asked
    }
    return { client, newClient, namespaces, signal }
  }
  const owner: Owner = {
    run: { ...edge.run, uid: edge.run.uid ?? randomUUID() },
    isObject: request.hasRuns === true,
    expiresAt: edge.expiresAt,
    defaultNamespace: connection.namespace,
    mayUseTokens: request.podTokens === true,
    withheld: request.withheld ?? [],
  }
  const isOwn = isOf(owner.run.uid)
  let hasCreated = false
  const onCreate = () => void (hasCreated = true)
  return {
    namespaces: isEverywhere ? ['*'] : request.namespaces,
    defaultNamespace: connection.namespace,
    since: request.since === undefined ? undefined : new Date(request.since),
    logs: createLogBook(edge.wishesOf),
    port({ manifest, signal, onLoss, onNote, ...told }) {
      const world = { ...worldOf(signal, told), ...(onNote ? { onNote } : {}) }
      const owned = createOwned(owner, { clock, random, client: () => world.client(), onCreate })
      const port = createPort({
        ...world,
        isOwn: (object) => hasCreated && isOwn(object),
        manifest,
        logs: this.logs,
        nodes,
        owned,
        onLoss,
      })
      const release = async () => {
        const late = deadline(clock, RELEASE_MS, new Error('it took too long'))
        try {
          return await owned.release(new GatedClient(shared, late.signal, told))
        } finally {
          late.stop()
        }
      }
      return { kube: withholding(port, request.withheld ?? [], onLoss), release }
    },
    sweep: (isLeft, kinds) => sweepLeft({ ...worldOf(edge.signal, UNTOLD), isLeft }, kinds),
    close: () => shared.transport.close(),
  }
}

/** Compressing saves time on the way over a network, and only costs it on one machine or inside a cluster. */
function mayBeFar({ server, context, mayCompress }: Shared['connection']): boolean {
  const isHere = /^(localhost|127\.|\[::1\])/.test(new URL(server).hostname)
  return mayCompress && context !== '' && !isHere
}

/** Who may not see which namespaces there are has at least the one of the kubeconfig. */
async function allNamespaces(client: GatedClient, own: string): Promise<string[]> {
  const names: string[] = []
  try {
    for await (const { items } of listPages(client, { path: '/api/v1/namespaces' }))
      for (const { metadata } of items) if (metadata.name) names.push(metadata.name)
    return names
  } catch (error) {
    if (isStatus(error, 403)) return [own]
    throw error
  }
}
