import type { Clock } from '../plugin.ts'

/** A signal that fires with `signal`, or after some time. */
export interface TimeLimit {
  signal: AbortSignal
  /** true: it was the time */
  isOver(): boolean
  stop(): void
}

/** @param ms none, or 0 = no limit */
export function timeLimit(context: { clock: Clock; signal: AbortSignal }, ms: number, reason = new Error('timeout')): TimeLimit {
  const over = new AbortController()
  const stopped = new AbortController()
  if (ms > 0)
    context.clock.sleep(ms, stopped.signal).then(
      () => over.abort(reason),
      () => undefined,
    )
  return {
    signal: AbortSignal.any([context.signal, over.signal]),
    isOver: () => over.signal.aborted && !context.signal.aborted,
    stop: () => stopped.abort(),
  }
}
