import { KubeClient, type KubeClientOptions, type KubeRequest, type KubeResponse } from '../../../core/kube/client.ts'
import type { Connection, Credentials } from '../../../core/kube/connection.ts'
import type { ResponseBody } from '../../../core/kube/response-body.ts'
import { isStatus, KubeStatusError } from '../../../core/kube/status-error.ts'
import type { Transport } from '../../../core/kube/transport.ts'
import type { Gate } from './gate.ts'

/** What all clients of one run share. */
export interface Shared {
  connection: Connection
  options: KubeClientOptions
  transport: Transport
  credentials: Credentials
  gate: Gate
  /** asks for gzip */
  compress: boolean
}

/** Who hears of requests. */
export interface Told {
  onRequest(): void
  /** the server refused one for want of a right */
  onRefused(): void
  /** the server answered, whatever it was: no error; or why it did not */
  onAnswer?(error?: unknown): void
}

/**
 * A client whose requests wait for their turn, from the first byte sent to the last one read. One is made for each call of a
 * collector and sends one request after the other, so that a reader that pauses in the middle of an answer can give its turn
 * to others.
 */
export class GatedClient extends KubeClient {
  readonly #gate: Gate
  readonly #compress: boolean
  readonly #signal: AbortSignal
  readonly #told: Told
  #holds = false

  /** @param told of each request before it is sent, and of each that the server refuses for want of a right */
  constructor(shared: Shared, signal: AbortSignal, told: Told) {
    super(shared.connection, shared.options, shared)
    this.#gate = shared.gate
    this.#compress = shared.compress
    this.#signal = signal
    this.#told = told
  }

  override async request(request: KubeRequest): Promise<KubeResponse> {
    await this.#gate.enter(this.#signal)
    this.#holds = true
    this.#told.onRequest()
    try {
      const response = await super.request({ compress: this.#compress, ...request, signal: this.#signal })
      this.#told.onAnswer?.()
      return { ...response, body: this.#read(response.body) }
    } catch (error) {
      this.#leave()
      this.#told.onAnswer?.(error instanceof KubeStatusError ? undefined : error)
      if (isStatus(error, 403)) this.#told.onRefused()
      throw error
    }
  }

  /** It has its turn until the server has switched: what then goes over the connection may last for minutes. */
  override async upgrade(request: KubeRequest): ReturnType<KubeClient['upgrade']> {
    await this.#gate.enter(this.#signal)
    this.#told.onRequest()
    try {
      const upgraded = await super.upgrade({ ...request, signal: this.#signal })
      this.#told.onAnswer?.()
      return upgraded
    } catch (error) {
      this.#told.onAnswer?.(error instanceof KubeStatusError ? undefined : error)
      if (isStatus(error, 403)) this.#told.onRefused()
      throw error
    } finally {
      this.#gate.leave()
    }
  }

  /** Waits for something else in the middle of an answer: without a turn, else all could wait for each other. */
  async pauseFor(other: Promise<unknown>): Promise<void> {
    const held = this.#holds
    this.#leave()
    await other
    if (!held) return
    await this.#gate.enter(this.#signal)
    this.#holds = true
  }

  #read(body: ResponseBody): ResponseBody {
    const leave = () => this.#leave()
    async function* pieces() {
      try {
        yield* body
      } finally {
        leave()
      }
    }
    return { cancel: () => (leave(), body.cancel()), [Symbol.asyncIterator]: pieces }
  }

  #leave(): void {
    if (!this.#holds) return
    this.#holds = false
    this.#gate.leave()
  }
}
