import type { Duplex } from 'node:stream'
import type { Clock } from '../clock.ts'
import type { Query } from '../contract/collector.ts'
import { fail } from '../errors.ts'
import type { Connection, Credential, Credentials } from './connection.ts'
import type { Answer } from './http/answer.ts'
import type { AnswerHead } from './http/answer-parser.ts'
import type { Switched } from './http/http-connection.ts'
import { withQuery } from './path.ts'
import { readBody, type ResponseBody } from './response-body.ts'
import { isStatus, type KubeStatusError, statusError } from './status-error.ts'
import { KeptConnectionBroke, Transport } from './transport.ts'

export interface KubeRequest {
  /** default GET */
  method?: string
  /** below the server's URL, such as `/api/v1/namespaces` */
  path: string
  query?: Query | undefined
  /** an object is sent as JSON, a text or bytes as they are */
  body?: object | string | Uint8Array | undefined
  contentType?: string | undefined
  headers?: Record<string, string> | undefined
  signal?: AbortSignal | undefined
  /** the longest silence, in ms: before the answer's head and between pieces of its body. Default 60 s */
  timeoutMs?: number | undefined
  /** asks for gzip: for large answers over a slow network; between two programs of one machine it only costs */
  compress?: boolean | undefined
  /** a watch or a followed log: it may last for hours and gets a connection of its own */
  isLongLived?: boolean | undefined
  /** may be sent again after an answer that asks for it. Default: all but POST, and PATCH by json-patch */
  isIdempotent?: boolean | undefined
}

export interface KubeResponse {
  status: number
  headers: AnswerHead['headers']
  body: ResponseBody
}

export interface KubeClientOptions {
  clock: Clock
  /** in [0, 1) */
  random: () => number
  /** `name/version` */
  userAgent: string
  /** calls in flight at once; default 16 */
  maxSockets?: number
  connectTimeoutMs?: number
  timeoutMs?: number
  /** how long all waits for one call may last together, in ms; default 30 s */
  retryBudgetMs?: number
}

const DEFAULTS = { maxSockets: 16, connectTimeoutMs: 15_000, timeoutMs: 60_000, retryBudgetMs: 30_000 }
/** Of an answer that is an error; the rest of it is of no use. */
const MAX_ERROR_BYTES = 64 * 1024
const MAX_TRIES = 6

/** The one way to an API server: authenticated, pooled, patient where the server asks for patience. */
export class KubeClient {
  readonly connection: Connection
  readonly #options: Required<KubeClientOptions>
  readonly #transport: Transport
  readonly #credentials: Credentials

  constructor(connection: Connection, options: KubeClientOptions, shared?: { transport: Transport; credentials: Credentials }) {
    this.connection = connection
    this.#options = { ...DEFAULTS, ...options }
    this.#transport = shared?.transport ?? new Transport(connection, this.#options)
    this.#credentials = shared?.credentials ?? connection.credentials
  }

  get clock(): Clock {
    return this.#options.clock
  }

  random(): number {
    return this.#options.random()
  }

  /** The same server and connections as another user, without the impersonation of this one. `close` ends both. */
  withCredentials(credentials: Credentials, user: string): KubeClient {
    const connection = { ...this.connection, user, credentials, headers: {} }
    return new KubeClient(connection, this.#options, { transport: this.#transport, credentials })
  }

  /**
   * Sends a request and gives the answer, its body unread. Idempotent calls that are answered 429 or 5xx with Retry-After are
   * sent again, with jitter, within the budget; a 401 once more where credentials can be renewed.
   *
   * @throws KubeStatusError for every status that is no success, CLUSTER_UNREACHABLE, KUBE_CREDENTIALS, or the signal's reason
   */
  async request(request: KubeRequest): Promise<KubeResponse> {
    const { clock, random } = this.#options
    const startedAt = clock.monotonicMs()
    for (let tries = 1; ; tries++) {
      try {
        const answer = await this.#authenticated(request)
        if ('socket' in answer) throw this.#wrongProtocol(answer)
        return { status: answer.status, headers: answer.headers, body: this.#bodyOf(answer, request) }
      } catch (error) {
        const waitMs = isPatient(request, error) ? (error.retryAfterMs ?? 0) * (1 + random() / 2) + random() * 100 : Infinity
        const isOverBudget = clock.monotonicMs() - startedAt + waitMs > this.#options.retryBudgetMs
        if (isOverBudget || tries >= MAX_TRIES) throw error
        await clock.sleep(waitMs, request.signal)
      }
    }
  }

  /**
   * Sends a request that asks for another protocol, and gives the connection once the server has switched to it. It is
   * sent once, but for a renewed token or a kept connection that broke. The caller has to hear the connection's errors, and to end it.
   *
   * @throws as `request`; CLUSTER_UNREACHABLE when the server, or something in front of it, answers but does not switch
   */
  async upgrade(request: KubeRequest): Promise<{ headers: AnswerHead['headers']; socket: Duplex }> {
    const answer = await this.#authenticated({ ...request, isLongLived: true })
    if ('socket' in answer) return { headers: answer.answer.headers, socket: answer.socket }
    answer.destroy()
    const reason = `it answered ${answer.status} instead of switching to ${request.headers?.['upgrade'] ?? 'another protocol'}`
    throw fail('CLUSTER_UNREACHABLE', { server: this.connection.server, reason })
  }

  /** The whole body. Errors as those of `request`. */
  async bytes(request: KubeRequest): Promise<Buffer> {
    const { body } = await this.request(request)
    const pieces: Buffer[] = []
    for await (const piece of body) pieces.push(piece)
    return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces)
  }

  /** The body as JSON. Errors as those of `request`; an answer that is no JSON comes from something else: CLUSTER_UNREACHABLE. */
  async json(request: KubeRequest): Promise<unknown> {
    const text = (await this.bytes(request)).toString('utf8')
    try {
      return JSON.parse(text) as unknown
    } catch (error) {
      throw fail('CLUSTER_UNREACHABLE', { server: this.connection.server, reason: 'its answer is not JSON' }, error)
    }
  }

  /** Ends all connections, and with them what still runs. */
  close(): void {
    this.#transport.close()
  }

  /** The head of an answer that is no refusal. */
  async #authenticated(request: KubeRequest): Promise<Answer | Switched> {
    const credential = await this.#credentials.current()
    try {
      return await this.#checked(request, credential)
    } catch (error) {
      if (!isStatus(error, 401) || !this.#credentials.refused(credential)) throw error
      return this.#checked(request, await this.#credentials.current())
    }
  }

  async #checked(request: KubeRequest, credential: Credential): Promise<Answer | Switched> {
    const answer = await this.#send(request, credential)
    if ('socket' in answer || (answer.status >= 200 && answer.status < 300)) return answer
    const what = `${request.method ?? 'GET'} ${request.path}`
    const text = await errorText(this.#bodyOf(answer, request))
    throw statusError(what, answer.status, answer.headers, text, this.clock.now())
  }

  #wrongProtocol({ socket }: Switched): Error {
    socket.on('error', () => undefined).destroy()
    return fail('CLUSTER_UNREACHABLE', { server: this.connection.server, reason: 'it speaks another protocol, unasked' })
  }

  #bodyOf(answer: Answer, { timeoutMs, signal }: KubeRequest): ResponseBody {
    const idleMs = timeoutMs ?? this.#options.timeoutMs
    return readBody(answer, { server: this.connection.server, clock: this.clock, idleMs, signal })
  }

  async #send(request: KubeRequest, credential: Credential): Promise<Answer | Switched> {
    const body = encode(request.body)
    const outgoing = {
      method: request.method ?? 'GET',
      path: withQuery(request.path, request.query),
      headers: this.#headers(request, credential, body),
      body,
      isLongLived: request.isLongLived ?? false,
      timeoutMs: request.timeoutMs ?? this.#options.timeoutMs,
      signal: request.signal,
    }
    try {
      return await this.#transport.send(outgoing, credential)
    } catch (error) {
      const mayRepeat = isIdempotent(request) && error instanceof Error && error.cause instanceof KeptConnectionBroke
      if (!mayRepeat) throw error
      return this.#transport.send(outgoing, credential)
    }
  }

  #headers(request: KubeRequest, credential: Credential, body: Uint8Array | undefined): Record<string, string | string[]> {
    return {
      accept: 'application/json',
      'user-agent': this.#options.userAgent,
      ...(request.compress && this.connection.mayCompress ? { 'accept-encoding': 'gzip' } : {}),
      ...(credential.authorization ? { authorization: credential.authorization } : {}),
      ...this.connection.headers,
      ...(body ? { 'content-type': request.contentType ?? 'application/json', 'content-length': String(body.length) } : {}),
      ...request.headers,
    }
  }
}

const JSON_PATCH = 'application/json-patch+json'
const isIdempotent = (request: KubeRequest) =>
  request.isIdempotent ?? (request.method !== 'POST' && !(request.method === 'PATCH' && request.contentType === JSON_PATCH))

/** 429 and 5xx with a Retry-After mean: not now, later. Without it, nobody said that it will get better. */
function isPatient(request: KubeRequest, error: unknown): error is KubeStatusError {
  const asksToWait = isStatus(error, 429, 500, 502, 503, 504) && error.retryAfterMs !== undefined
  return asksToWait && isIdempotent(request)
}

function encode(body: KubeRequest['body']): Uint8Array | undefined {
  if (body === undefined || body instanceof Uint8Array) return body
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}

async function errorText(body: ResponseBody): Promise<string> {
  const pieces: Buffer[] = []
  let size = 0
  try {
    for await (const piece of body) {
      pieces.push(piece)
      size += piece.length
      if (size >= MAX_ERROR_BYTES) break
    }
  } catch {
    // the status alone says enough
  }
  return Buffer.concat(pieces).toString('utf8')
}
