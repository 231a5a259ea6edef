/** How many runs may be at work at once, shared by all namespaces. */
export interface Capacity {
  /** a place for one more run of a namespace, or undefined; give it back with the function */
  take(namespace: string): (() => void) | undefined
  /** the namespace waits for nothing any more */
  rest(namespace: string): void
}

/**
 * Places are fair between namespaces: while others wait, one that has more at work than they do gets none. `onFree` is told
 * whenever a place came free, with the namespaces that asked in vain.
 */
export function createCapacity(max: () => number, onFree: (waiting: readonly string[]) => void = () => undefined): Capacity {
  const active = new Map<string, number>()
  const waiting = new Set<string>()
  const count = (namespace: string) => active.get(namespace) ?? 0
  const total = () => [...active.values()].reduce((sum, one) => sum + one, 0)
  return {
    rest: (namespace) => void waiting.delete(namespace),
    take(namespace) {
      const isBehind = [...waiting].some((other) => other !== namespace && count(other) < count(namespace))
      if (total() >= max() || isBehind) {
        waiting.add(namespace)
        return undefined
      }
      waiting.delete(namespace)
      active.set(namespace, count(namespace) + 1)
      let isGiven = false
      return () => {
        if (isGiven) return
        isGiven = true
        active.set(namespace, count(namespace) - 1)
        if (count(namespace) === 0) active.delete(namespace)
        onFree([...waiting])
      }
    },
  }
}
