import type { Socket } from 'node:net'
import type { Clock } from '../../clock.ts'
import { HttpConnection } from './http-connection.ts'

interface Wish {
  resolve(connection: HttpConnection): void
  reject(error: unknown): void
}

/** A free connection is closed before the server (90 s) or a load balancer (often 60 s) closes it under a request's feet. */
const IDLE_MS = 45_000

/** Connections to one server by one identity, kept for the next request. The one that was used last is used next. */
export class ConnectionPool {
  readonly #dial: (signal: AbortSignal) => Promise<Socket>
  readonly #clock: Clock
  readonly #max: number
  readonly #all = new Set<HttpConnection>()
  readonly #free: { connection: HttpConnection; sinceMs: number }[] = []
  readonly #wishes = new Set<Wish>()
  #opening = 0
  #isRetired = false
  readonly #closed = new AbortController()

  /** @param options.dial gives a connected socket within its own time-limit, or throws the signal's reason */
  constructor(options: { dial: (signal: AbortSignal) => Promise<Socket>; clock: Clock; max: number }) {
    this.#dial = options.dial
    this.#clock = options.clock
    this.#max = options.max
  }

  /**
   * A connection for one request. It comes back by itself once the answer is whole.
   *
   * @throws what `dial` throws, the signal's reason, or what the pool was closed with
   */
  async take(signal: AbortSignal | undefined): Promise<HttpConnection> {
    // It tells nobody of an abort that was before.
    signal?.throwIfAborted()
    const free = this.#newestFree()
    if (free) return free
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#wishes.delete(wish)
        wish.reject(signal?.reason)
      }
      const wish: Wish = {
        resolve: (connection) => {
          signal?.removeEventListener('abort', onAbort)
          // Who has given up meanwhile leaves it to others.
          if (signal?.aborted) this.#onFree(connection)
          else resolve(connection)
        },
        reject: (error) => {
          signal?.removeEventListener('abort', onAbort)
          reject(error)
        },
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      if (this.#all.size + this.#opening < this.#max) void this.#open(wish)
      else this.#wishes.add(wish)
    })
  }

  /** Lets what is under way end, and keeps nothing. */
  retire(): void {
    this.#isRetired = true
    for (const { connection } of this.#free.splice(0)) connection.destroy()
  }

  /** Ends all connections, also those in use. */
  close(error: Error): void {
    this.#closed.abort(error)
    // First: what ends makes room for who waits.
    for (const wish of this.#wishes) wish.reject(error)
    this.#wishes.clear()
    this.retire()
    for (const connection of [...this.#all]) connection.destroy(error)
  }

  #newestFree(): HttpConnection | undefined {
    for (let last = this.#free.pop(); last; last = this.#free.pop()) {
      if (!last.connection.isOpen) continue
      if (this.#clock.monotonicMs() - last.sinceMs < IDLE_MS) {
        last.connection.hold(true)
        return last.connection
      }
      last.connection.destroy()
    }
    return undefined
  }

  async #open(wish: Wish): Promise<void> {
    this.#opening++
    try {
      const socket = await this.#dial(this.#closed.signal)
      this.#opening--
      const connection: HttpConnection = new HttpConnection(socket, {
        onFree: () => this.#onFree(connection),
        onGone: () => this.#onGone(connection),
      })
      this.#all.add(connection)
      wish.resolve(connection)
    } catch (error) {
      this.#opening--
      wish.reject(error)
      this.#openNext()
    }
  }

  #onFree(connection: HttpConnection): void {
    const [wish] = this.#wishes
    if (wish) {
      this.#wishes.delete(wish)
      wish.resolve(connection)
    } else if (this.#isRetired) connection.destroy()
    else {
      this.#free.push({ connection, sinceMs: this.#clock.monotonicMs() })
      connection.hold(false)
    }
  }

  #onGone(connection: HttpConnection): void {
    this.#all.delete(connection)
    const at = this.#free.findIndex((free) => free.connection === connection)
    if (at >= 0) this.#free.splice(at, 1)
    this.#openNext()
  }

  /** Room for one more. */
  #openNext(): void {
    const [wish] = this.#wishes
    if (!wish || this.#all.size + this.#opening >= this.#max) return
    this.#wishes.delete(wish)
    void this.#open(wish)
  }
}
