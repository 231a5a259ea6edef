import type { Clock as PluginClock } from './contract/plugin.ts'

/** Time, handed in. The one file that may read the system clock or start a timer; a test keeps it so. */
export interface Clock extends PluginClock {
  /** Milliseconds that never go back, for durations and for noticing jumps of the wall clock. */
  monotonicMs(): number
}

/** A suspended machine and a corrected clock stretch timers: who waits for an instant looks at the clock this often. */
const MAX_NAP_MS = 30_000
/** A longer setTimeout fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error)
      const onAbort = () => {
        clearTimeout(timer)
        reject(signal?.reason as Error)
      }
      const timer = setTimeout(
        () => {
          signal?.removeEventListener('abort', onAbort)
          resolve()
        },
        Math.max(0, Math.min(ms, MAX_TIMER_MS)),
      )
      signal?.addEventListener('abort', onAbort, { once: true })
    }),
}

/** An AbortSignal that fires after `ms` of the clock's time, and `stop` to call when the work is done. */
export function deadline(clock: PluginClock, ms: number, reason: Error): { signal: AbortSignal; stop: () => void } {
  const fired = new AbortController()
  const stopped = new AbortController()
  const end = clock.now().getTime() + ms
  const wait = async () => {
    for (let left = ms; left > 0; left = end - clock.now().getTime())
      await clock.sleep(Math.min(left, MAX_NAP_MS), stopped.signal)
    fired.abort(reason)
  }
  wait().catch(() => undefined)
  return { signal: fired.signal, stop: () => stopped.abort(new Error('done')) }
}
