import {
  Agent as HttpAgent,
  type ClientRequest,
  type IncomingMessage,
  request as httpRequest,
  type RequestOptions,
} from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { Duplex } from 'node:stream'
import { connect as tlsConnect, createSecureContext } from 'node:tls'
import { type Clock, deadline } from '../clock.ts'
import { fail, reasonOf } from '../errors.ts'
import type { Connection, Credential } from './connection.ts'
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

type Agents = Record<'calls' | 'streams', HttpAgent>

/** A free connection is closed before the server (90 s) or a load balancer (often 60 s) closes it under a request's feet. */
const IDLE_SOCKET_MS = 45_000

/** Pooled connections to one API server. Requests of several users share them, unless they bring client certificates. */
export class Transport {
  readonly #connection: Connection
  readonly #options: TransportOptions
  readonly #url: URL
  /** by what the connections' TLS is made of */
  readonly #agents = new Map<string, Agents>()
  /** of requests without an answer */
  readonly #waiting = new Set<(error: Error) => void>()
  /** connections that have carried a request before */
  readonly #kept = new WeakSet<Duplex>()

  constructor(connection: Connection, options: TransportOptions) {
    this.#connection = connection
    this.#options = options
    this.#url = new URL(connection.server)
  }

  /**
   * Sends one request and gives the answer's head with its unread body.
   *
   * @throws CLUSTER_UNREACHABLE, or the signal's reason; a cause of KeptConnectionBroke tells that a fresh connection is worth a try
   */
  async send(outgoing: Outgoing, credential: Credential): Promise<IncomingMessage> {
    outgoing.signal?.throwIfAborted()
    const agents = this.#agentsFor(credential, await this.#connection.tls.ca())
    const isTls = this.#url.protocol === 'https:'
    const request = (isTls ? httpsRequest : httpRequest)({
      agent: outgoing.isLongLived ? agents.streams : agents.calls,
      host: this.#url.hostname.replace(/^\[|\]$/g, ''),
      port: this.#url.port || (isTls ? 443 : 80),
      method: outgoing.method,
      path: this.#url.pathname.replace(/\/$/, '') + outgoing.path,
      headers: outgoing.headers,
    })
    return this.#answer(request, outgoing)
  }

  /** Ends all connections, also those in use. */
  close(): void {
    for (const { calls, streams } of this.#agents.values()) {
      calls.destroy()
      streams.destroy()
    }
    this.#agents.clear()
    for (const giveUp of this.#waiting) giveUp(new Error('it was closed on our side'))
  }

  #answer(request: ClientRequest, outgoing: Outgoing): Promise<IncomingMessage> {
    const { signal } = outgoing
    return new Promise((resolve, reject) => {
      let wasKept = false
      const settle = () => {
        silence.stop()
        signal?.removeEventListener('abort', onAbort)
        this.#waiting.delete(giveUp)
      }
      // a request without a connection yet emits no error when it is destroyed
      const giveUp = (error: unknown) => {
        settle()
        const isAbort = signal?.aborted === true && error === signal.reason
        reject(isAbort ? (error as Error) : unreachable(this.#connection.server, error, wasKept))
        request.destroy()
      }
      const silence = watchSilence(this.#options.clock, this.#options.connectTimeoutMs, (limitMs) =>
        giveUp(new Error(`no answer within ${Math.round(limitMs / 1000)} s`)),
      )
      silence.rest() // to wait in the pool for a free connection is not the server's silence
      const onAbort = () => giveUp(signal?.reason)
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiting.add(giveUp)
      request.once('socket', (socket) => {
        wasKept = this.#kept.has(socket)
        const connected = () => {
          this.#kept.add(socket)
          silence.expect(outgoing.timeoutMs)
        }
        const isTls = 'encrypted' in socket
        if (wasKept || (!isTls && !socket.connecting)) return connected()
        silence.expect(this.#options.connectTimeoutMs)
        socket.once(isTls ? 'secureConnect' : 'connect', connected)
      })
      request.once('response', (response) => {
        settle()
        response.on('error', () => undefined) // whoever reads it hears of it; unheard it would end the process
        resolve(response)
      })
      // unheard, it would count as a broken connection
      request.once('upgrade', (response, socket, head) => {
        settle()
        if (head.length > 0) socket.unshift(head)
        resolve(response)
      })
      request.on('error', giveUp) // stays for good: an error after the answer must not end the process
      request.end(outgoing.body)
    })
  }

  #agentsFor(credential: Credential, ca: string | undefined): Agents {
    const key = [ca, credential.cert, credential.key].join('\n')
    const known = this.#agents.get(key)
    if (known) return known
    const agents = {
      calls: this.#newAgent(credential, ca, this.#options.maxSockets),
      streams: this.#newAgent(credential, ca, Infinity),
    }
    this.#agents.set(key, agents)
    // certificates were renewed: the old connections end with what still runs on them
    for (const [old, { calls, streams }] of [...this.#agents].slice(0, -MAX_IDENTITIES)) {
      this.#agents.delete(old)
      retire(calls)
      retire(streams)
    }
    return agents
  }

  #newAgent(credential: Credential, ca: string | undefined, maxSockets: number): HttpAgent {
    const pool = { keepAlive: true, maxSockets, timeout: IDLE_SOCKET_MS, scheduling: 'lifo' } as const
    const { tls, proxy } = this.#connection
    if (this.#url.protocol === 'http:') return withProxy(new HttpAgent(pool), proxy, this.#options, false)
    const { cert, key } = credential
    const agent = new HttpsAgent({
      ...pool,
      secureContext: createSecureContext({ ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}) }),
      rejectUnauthorized: !tls.isUnverified,
      ...(tls.serverName ? { servername: tls.serverName } : {}),
    })
    return withProxy(agent, proxy, this.#options, true)
  }
}

/** Client certificates in use at once; each needs its own connections. */
const MAX_IDENTITIES = 8

function retire(agent: HttpAgent): void {
  agent.maxFreeSockets = 0
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy()
}

function withProxy<Pool extends HttpAgent>(
  agent: Pool,
  proxy: string | undefined,
  options: TransportOptions,
  isTls: boolean,
): Pool {
  if (proxy === undefined) return agent
  const dial = async (target: RequestOptions, done: ((error: Error | null, stream: Duplex) => void) | undefined) => {
    const limit = deadline(options.clock, options.connectTimeoutMs, new Error(`the proxy ${new URL(proxy).host} does not answer`))
    try {
      const { dialThroughProxy } = await import('./proxy.ts')
      const socket = await dialThroughProxy(proxy, target.host ?? '', Number(target.port), limit.signal)
      done?.(null, isTls ? tlsConnect({ ...(target as object), socket }) : socket)
    } catch (error) {
      done?.(error as Error, undefined as never)
    } finally {
      limit.stop()
    }
  }
  agent.createConnection = (target, done) => void dial(target, done)
  return agent
}

/** What a failed connection is to us; the cause tells whether a kept connection broke, which is worth a fresh one. */
export function unreachable(server: string, error: unknown, wasKept = false): Error {
  const { code, message } = error as NodeJS.ErrnoException
  const reason = (code && REASONS[code]) ?? (message ? reasonOf(error) : (code ?? 'no reason was given'))
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
