import type { Clock } from '../clock.ts'

/** Watches for the far side saying nothing. Starts at once, at rest between `rest` and the next `expect`. */
export interface Silence {
  /** something is awaited from now on, for at most `limitMs` (the last one given, if none is) */
  expect(limitMs?: number): void
  /** nothing is awaited: whoever reads takes its time */
  rest(): void
  stop(): void
}

/** Calls `onSilence` once, when something was awaited longer than its limit. The timer keeps no process alive for long: stop it. */
export function watchSilence(clock: Clock, limitMs: number, onSilence: (limitMs: number) => void): Silence {
  let nap = new AbortController()
  const stopped = new AbortController()
  let limit = limitMs
  let since: number | undefined = clock.monotonicMs()
  const watch = async () => {
    while (!stopped.signal.aborted) {
      const leftMs = since === undefined ? limit : since + limit - clock.monotonicMs()
      if (leftMs <= 0) return onSilence(limit)
      // one timer for many pieces: it wakes when the first could be late, and looks how it stands by then
      await clock.sleep(Math.max(1, Math.min(leftMs, limit)), nap.signal).catch(() => undefined)
    }
  }
  const wake = () => {
    nap.abort(new Error('woken'))
    nap = new AbortController()
  }
  void watch()
  return {
    expect(nextMs = limit) {
      const isSooner = nextMs < limit
      limit = nextMs
      since = clock.monotonicMs()
      if (isSooner) wake()
    },
    rest: () => void (since = undefined),
    stop() {
      stopped.abort(new Error('done'))
      wake()
    },
  }
}
