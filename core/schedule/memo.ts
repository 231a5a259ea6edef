/**
 * Remembers the `limit` most recently used answers of a pure function; older ones are made anew when asked for.
 * For what is dear to make and too large to keep for every job.
 */
export function memo<Arguments extends (string | number)[], Value>(
  limit: number,
  make: (...args: Arguments) => Value,
): (...args: Arguments) => Value {
  // A Map keeps the order of insertion: its first key is the one not asked for longest.
  const kept = new Map<string, Value>()
  return (...args) => {
    const key = args.join('\n')
    const known = kept.has(key)
    const value = known ? (kept.get(key) as Value) : make(...args)
    if (known) kept.delete(key)
    kept.set(key, value)
    if (kept.size > limit) kept.delete(kept.keys().next().value as string)
    return value
  }
}
