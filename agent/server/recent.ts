import type { Clock } from '../../core/clock.ts'

/** What was found out lately, by key; never more than `limit` of it, whoever asks for however much. */
export interface Recent<Value> {
  /** undefined when it was not found out, or longer ago than `maxAgeMs` */
  get(key: string, maxAgeMs: number): Value | undefined
  set(key: string, value: Value): void
  drop(key: string): void
}

export function createRecent<Value>(clock: Pick<Clock, 'monotonicMs'>, limit: number): Recent<Value> {
  /** oldest first */
  const kept = new Map<string, { value: Value; atMs: number }>()
  return {
    get(key, maxAgeMs) {
      const found = kept.get(key)
      return found && clock.monotonicMs() - found.atMs < maxAgeMs ? found.value : undefined
    },
    set(key, value) {
      kept.delete(key)
      kept.set(key, { value, atMs: clock.monotonicMs() })
      for (const oldest of kept.keys()) {
        if (kept.size <= limit) break
        kept.delete(oldest)
      }
    },
    drop: (key) => void kept.delete(key),
  }
}
