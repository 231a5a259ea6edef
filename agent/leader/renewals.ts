import type { Clock } from '../../core/clock.ts'

/** For how long this process is sure to lead, told to those whose work must not outlive that. */
export interface Renewals {
  /** it leads for so long from now */
  renewed(forMs: number): void
  /** Calls `renew` at once and at each renewal. Gives a function that ends the calls. */
  subscribe(renew: (forMs: number) => void): () => void
}

export function createRenewals(clock: Clock): Renewals {
  const listeners = new Set<(forMs: number) => void>()
  let untilMs = -Infinity
  return {
    renewed(forMs) {
      untilMs = clock.monotonicMs() + forMs
      for (const listener of listeners) listener(forMs)
    },
    subscribe(renew) {
      renew(Math.max(0, untilMs - clock.monotonicMs()))
      listeners.add(renew)
      return () => void listeners.delete(renew)
    },
  }
}
