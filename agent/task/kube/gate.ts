import type { Clock } from '../../../core/clock.ts'

/** Lets a bounded number of requests through at once, and not more than so many a second. */
export interface Gate {
  /** Waits for a turn; each must be given back with `leave`. Rejects with the signal's reason. */
  enter(signal?: AbortSignal): Promise<void>
  leave(): void
}

export interface GateOptions {
  clock: Clock
  atOnce: number
  /** entries a second; undefined = as many as there are turns */
  perSecond?: number | undefined
}

export function createGate({ clock, atOnce, perSecond }: GateOptions): Gate {
  const waiting: (() => void)[] = []
  let free = atOnce
  let nextAt = 0

  const turn = (signal: AbortSignal | undefined) =>
    new Promise<void>((resolve, reject) => {
      const begin = () => {
        signal?.removeEventListener('abort', giveUp)
        resolve()
      }
      const giveUp = () => {
        waiting.splice(waiting.indexOf(begin), 1)
        reject(signal?.reason as Error)
      }
      waiting.push(begin)
      signal?.addEventListener('abort', giveUp, { once: true })
    })
  const leave = () => {
    const next = waiting.shift()
    if (next) next()
    else free++
  }
  return {
    async enter(signal) {
      signal?.throwIfAborted()
      if (free > 0) free--
      else await turn(signal)
      if (perSecond === undefined) return
      try {
        const now = clock.monotonicMs()
        const at = Math.max(now, nextAt)
        nextAt = at + 1000 / perSecond
        if (at > now) await clock.sleep(at - now, signal)
      } catch (error) {
        leave()
        throw error
      }
    },
    leave,
  }
}
