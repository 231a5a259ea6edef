/** Growing waits with jitter: between half and the whole of a step that doubles from 0.1 s up to `mostMs`. */
export class Backoff {
  readonly #random: () => number
  readonly #mostMs: number
  #stepMs = LEAST_MS

  /** @param random in [0, 1) */
  constructor(random: () => number, mostMs = 10_000) {
    this.#random = random
    this.#mostMs = mostMs
  }

  /** The next wait in ms, and never less than `leastMs`, which gets jitter of its own: many are told the same. */
  next(leastMs = 0): number {
    const step = this.#stepMs
    this.#stepMs = Math.min(step * 2, this.#mostMs)
    return Math.max(step * (0.5 + this.#random() / 2), leastMs * (1 + this.#random() / 4))
  }

  reset(): void {
    this.#stepMs = LEAST_MS
  }
}

const LEAST_MS = 100
