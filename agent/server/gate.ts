import type { Clock } from '../../core/clock.ts'

export interface GateLimits {
  /** at work at the same time */
  atOnce: number
  /** that may wait for their turn */
  waiting: number
  /** that may begin within a minute */
  perMinute: number
}

/** Lets so much through and no more, so that what strangers ask for costs others little. */
export interface Gate {
  /** undefined: too much was asked for, and nothing was done. Else what `work` gives or throws. */
  pass<Value>(work: () => Promise<Value>): Promise<{ value: Value } | undefined>
}

const MINUTE_MS = 60_000

export function createGate(clock: Pick<Clock, 'monotonicMs'>, limits: GateLimits): Gate {
  const queue: (() => void)[] = []
  let atWork = 0
  /** refills all the time, up to a minute's worth */
  let budget = limits.perMinute
  let filledAtMs = clock.monotonicMs()
  const mayBegin = () => {
    const now = clock.monotonicMs()
    budget = Math.min(limits.perMinute, budget + ((now - filledAtMs) / MINUTE_MS) * limits.perMinute)
    filledAtMs = now
    return budget >= 1
  }
  return {
    async pass(work) {
      if (!mayBegin() || queue.length >= limits.waiting) return undefined
      budget--
      if (atWork >= limits.atOnce) await new Promise<void>((resolve) => queue.push(resolve))
      else atWork++
      try {
        return { value: await work() }
      } finally {
        // The place goes to who waits longest, so that nobody comes in between.
        const next = queue.shift()
        if (next) next()
        else atWork--
      }
    },
  }
}
