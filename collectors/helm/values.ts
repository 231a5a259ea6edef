/** Values of a chart: what a values.yaml holds. */
export type Values = Record<string, unknown>

/** What a chart is rendered with: the user's values over its defaults. A null of the user's takes a default away. */
export function coalesce(user: Values, defaults: Values): Values {
  const merged = new Map(Object.entries(user))
  for (const [key, value] of Object.entries(defaults)) {
    const own = merged.get(key)
    if (!merged.has(key)) merged.set(key, value)
    else if (own === null) merged.delete(key)
    else if (isTable(own) && isTable(value)) merged.set(key, coalesce(own, value))
  }
  return Object.fromEntries([...merged].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

export function isTable(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
