import type { Clock } from '../clock.ts'

/** Watches for the far side saying nothing. Starts at once, at rest between `rest` and the next `expect`. */
export interface Silence {
  /** something is awaited from now on, for at most `limitMs` (the last one given, if none is) */
  expect(limitMs?: number): void
  /** nothing is awaited: whoever reads takes its time */
  rest(): void
  stop(): void
}

interface Watched {
  limitMs: number
  /** undefined: at rest */
  since: number | undefined
  onSilence: (limitMs: number) => void
}

const WOKEN = new Error('woken')
const watches = new WeakMap<Clock, Watch>()

/** Calls `onSilence` once, when something was awaited longer than its limit. The timer keeps no process alive for long: stop it. */
export function watchSilence(clock: Clock, limitMs: number, onSilence: (limitMs: number) => void): Silence {
  let watch = watches.get(clock)
  if (!watch) watches.set(clock, (watch = new Watch(clock)))
  return watch.add({ limitMs, onSilence, since: clock.monotonicMs() })
}

/** One timer for all that is watched: a bundle takes hundreds of calls, and nearly none of them is ever late. */
class Watch {
  readonly #clock: Clock
  readonly #all = new Set<Watched>()
  #nap = new AbortController()
  #napEndsMs = 0
  #isRunning = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(one: Watched): Silence {
    this.#all.add(one)
    this.#mind(one.limitMs)
    return {
      expect: (limitMs = one.limitMs) => {
        Object.assign(one, { limitMs, since: this.#clock.monotonicMs() })
        this.#mind(limitMs)
      },
      rest: () => void (one.since = undefined),
      stop: () => {
        if (this.#all.delete(one) && this.#all.size === 0) this.#nap.abort(WOKEN)
      },
    }
  }

  /** Looks again after so long, or sooner. */
  #mind(limitMs: number): void {
    if (!this.#isRunning) void this.#run()
    else if (this.#clock.monotonicMs() + limitMs < this.#napEndsMs) this.#nap.abort(WOKEN)
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    while (this.#all.size > 0) {
      const waitMs = this.#look()
      if (this.#all.size === 0) break
      if (this.#nap.signal.aborted) this.#nap = new AbortController()
      this.#napEndsMs = this.#clock.monotonicMs() + waitMs
      await this.#clock.sleep(waitMs, this.#nap.signal).catch(() => undefined)
    }
    this.#isRunning = false
  }

  /** Tells who was silent for too long, and gives for how long nobody else can be. */
  #look(): number {
    const now = this.#clock.monotonicMs()
    let waitMs = Infinity
    for (const one of this.#all) {
      const leftMs = one.since === undefined ? one.limitMs : one.since + one.limitMs - now
      if (leftMs > 0) waitMs = Math.min(waitMs, leftMs)
      else {
        this.#all.delete(one)
        one.onSilence(one.limitMs)
      }
    }
    return Math.max(1, waitMs)
  }
}
