import type { Clock } from '../../core/clock.ts'

/** A clock that stands still until it is moved. Sleepers wake, in order, as `advance` passes their instants. */
export class FakeClock implements Clock {
  #now: number
  #monotonic = 0
  #sleepers: { at: number; wake: () => void }[] = []

  constructor(start: string | Date = '2026-01-01T00:00:00Z') {
    this.#now = new Date(start).getTime()
  }

  now(): Date {
    return new Date(this.#now)
  }

  monotonicMs(): number {
    return this.#monotonic
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error)
      const sleeper = { at: this.#monotonic + Math.max(0, ms), wake: resolve }
      this.#sleepers.push(sleeper)
      signal?.addEventListener('abort', () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper)
        reject(signal.reason as Error)
      })
    })
  }

  /** How many wait for their instant. */
  get sleeping(): number {
    return this.#sleepers.length
  }

  /** Moves time on by `ms`, waking each sleeper at its instant and letting promises settle in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#monotonic + ms
    for (;;) {
      await settle()
      const next = this.#sleepers.toSorted((a, b) => a.at - b.at)[0]
      if (!next || next.at > end) break
      this.#move(next.at - this.#monotonic)
      this.#sleepers = this.#sleepers.filter((other) => other !== next)
      next.wake()
    }
    this.#move(end - this.#monotonic)
    await settle()
  }

  /** Moves the wall clock alone, as an administrator or NTP would. */
  jump(ms: number): void {
    this.#now += ms
  }

  #move(ms: number): void {
    this.#now += ms
    this.#monotonic += ms
  }
}

/** Lets everything that is ready to run do so: several turns of the event loop, no time. */
export async function settle(turns = 5): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
}
