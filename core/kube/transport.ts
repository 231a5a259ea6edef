import { connect, isIP, type Socket } from 'node:net'
import { connect as tlsConnect, createSecureContext, type SecureContext } from 'node:tls'
import { type Clock, deadline } from '../clock.ts'
import { fail, reasonOf } from '../errors.ts'
import type { Connection, Credential } from './connection.ts'
import type { Answer } from './http/answer.ts'
import { ConnectionPool } from './http/connection-pool.ts'
import { type HttpConnection, NOT_HTTP, type Switched } from './http/http-connection.ts'
import { requestBytes } from './http/request-bytes.ts'
import { watchSilence } from './silence.ts'

/** One request as it goes out. */
export interface Outgoing {
  method: string
  /** with the query, below the server's own path */
  path: string
  headers: Record<string, string | string[]>
  body: Uint8Array | undefined
  /** a watch or a followed log: gets a connection of its own, so that it never makes short calls wait */
  isLongLived: boolean
  /** the longest silence before the answer's head, once connected */
  timeoutMs: number
  signal: AbortSignal | undefined
}

export interface TransportOptions {
  clock: Clock
  /** connections for short calls; more calls than these wait their turn */
  maxSockets: number
  connectTimeoutMs: number
}

type Pools = Record<'calls' | 'streams', ConnectionPool>

/** Client certificates in use at once; each needs its own connections. */
const MAX_IDENTITIES = 8
/** How often TCP asks whether the far side is still there. */
const PROBE_MS = 15_000

/** Pooled connections to one API server. Requests of several users share them, unless they bring client certificates. */
export class Transport {
  readonly #connection: Connection
  readonly #options: TransportOptions
  readonly #url: URL
  /** as sockets want it: an IPv6 address has no brackets */
  readonly #host: string
  /** by what the connections' TLS is made of */
  readonly #pools = new Map<string, Pools>()

  constructor(connection: Connection, options: TransportOptions) {
    this.#connection = connection
    this.#options = options
    this.#url = new URL(connection.server)
    this.#host = this.#url.hostname.replace(/^\[|\]$/g, '')
  }

  /**
   * Sends one request and gives the answer's head with its unread body.
   *
   * @throws CLUSTER_UNREACHABLE, or the signal's reason; a cause of KeptConnectionBroke tells that a fresh connection is worth a try
   */
  async send(outgoing: Outgoing, credential: Credential): Promise<Answer | Switched> {
    outgoing.signal?.throwIfAborted()
    const { calls, streams } = this.#poolsFor(credential, await this.#connection.tls.ca())
    let wasKept = false
    try {
      const path = this.#url.pathname.replace(/\/$/, '') + outgoing.path
      const bytes = requestBytes({ ...outgoing, path, host: this.#url.host })
      const connection = await (outgoing.isLongLived ? streams : calls).take(outgoing.signal)
      wasKept = connection.wasUsed
      return await this.#answer(connection, bytes, outgoing)
    } catch (error) {
      outgoing.signal?.throwIfAborted()
      throw unreachable(this.#connection.server, error, wasKept)
    }
  }

  /** Ends all connections, also those in use. */
  close(): void {
    const error = new Error('it was closed on our side')
    for (const { calls, streams } of this.#pools.values()) for (const pool of [calls, streams]) pool.close(error)
    this.#pools.clear()
  }

  async #answer(connection: HttpConnection, bytes: Buffer | string, { timeoutMs, signal }: Outgoing) {
    const silence = watchSilence(this.#options.clock, timeoutMs, (limitMs) => connection.destroy(silent(limitMs)))
    const onAbort = () => connection.destroy(signal?.reason as Error)
    signal?.addEventListener('abort', onAbort, { once: true })
    if (signal?.aborted) onAbort()
    try {
      return await connection.send(bytes)
    } finally {
      silence.stop()
      signal?.removeEventListener('abort', onAbort)
    }
  }

  #poolsFor(credential: Credential, ca: string | undefined): Pools {
    const key = [ca, credential.cert, credential.key].join('\n')
    const known = this.#pools.get(key)
    if (known) return known
    const dial = this.#dialer(credential, ca)
    const { clock, maxSockets } = this.#options
    const pools = {
      calls: new ConnectionPool({ dial, clock, max: maxSockets }),
      streams: new ConnectionPool({ dial, clock, max: Infinity }),
    }
    this.#pools.set(key, pools)
    // certificates were renewed: the old connections end with what still runs on them
    for (const [old, { calls, streams }] of [...this.#pools].slice(0, -MAX_IDENTITIES)) {
      this.#pools.delete(old)
      calls.retire()
      streams.retire()
    }
    return pools
  }

  #dialer({ cert, key }: Credential, ca: string | undefined): (signal: AbortSignal) => Promise<Socket> {
    const { clock, connectTimeoutMs } = this.#options
    const secureContext =
      this.#url.protocol === 'https:'
        ? createSecureContext({ ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}) })
        : undefined
    return async (signal) => {
      const late = silent(connectTimeoutMs)
      const limit = deadline(clock, connectTimeoutMs, late)
      const over = AbortSignal.any([signal, limit.signal])
      try {
        const raw = await this.#dialRaw(over, late)
        return secureContext ? await this.#secure(raw, secureContext, over) : raw
      } finally {
        limit.stop()
      }
    }
  }

  async #dialRaw(signal: AbortSignal, late: Error): Promise<Socket> {
    const { proxy } = this.#connection
    const port = Number(this.#url.port || (this.#url.protocol === 'https:' ? 443 : 80))
    if (proxy === undefined) {
      const options = { host: this.#host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: PROBE_MS }
      return connected(connect(options), 'connect', signal)
    }
    const { dialThroughProxy } = await import('./proxy.ts')
    try {
      return await dialThroughProxy(proxy, this.#host, port, signal)
    } catch (error) {
      throw error === late ? new Error(`the proxy ${new URL(proxy).host} does not answer`) : error
    }
  }

  #secure(socket: Socket, secureContext: SecureContext, signal: AbortSignal): Promise<Socket> {
    const { tls } = this.#connection
    // By name only: an address is checked against the certificate, but never sent as a server's name.
    const servername = tls.serverName ?? (isIP(this.#host) === 0 ? this.#host : undefined)
    const options = {
      socket,
      host: this.#host,
      secureContext,
      rejectUnauthorized: !tls.isUnverified,
      ALPNProtocols: ['http/1.1'],
    }
    return connected(tlsConnect({ ...options, ...(servername ? { servername } : {}) }), 'secureConnect', signal)
  }
}

const silent = (limitMs: number) => new Error(`no answer within ${Math.round(limitMs / 1000)} s`)

function connected<Kind extends Socket>(socket: Kind, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<Kind> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      socket.off(event, onConnect).off('error', onError)
      signal.removeEventListener('abort', onAbort)
    }
    const onConnect = () => {
      settle()
      resolve(socket)
    }
    const onError = (error: unknown) => {
      settle()
      socket.on('error', () => undefined).destroy()
      reject(error)
    }
    const onAbort = () => onError(signal.reason)
    socket.on(event, onConnect).on('error', onError)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
  })
}

/** What a failed connection is to us; the cause tells whether a kept connection broke, which is worth a fresh one. */
export function unreachable(server: string, error: unknown, wasKept = false): Error {
  const { code, message } = error as NodeJS.ErrnoException
  const known = code === NOT_HTTP ? `its answer is of no use: ${message}` : code && REASONS[code]
  const reason = known ?? (message ? reasonOf(error) : (code ?? 'no reason was given'))
  const broke = wasKept && (code === 'ECONNRESET' || code === 'EPIPE')
  return fail('CLUSTER_UNREACHABLE', { server, reason }, broke ? new KeptConnectionBroke(error) : error)
}

/** The server closed a kept connection just as it was used again. */
export class KeptConnectionBroke extends Error {
  constructor(cause: unknown) {
    super('a kept connection was closed', { cause })
  }
}

const REASONS: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'its name cannot be looked up now',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no way to it',
  ETIMEDOUT: 'it does not answer',
  ERR_STREAM_PREMATURE_CLOSE: 'the connection was cut',
}
