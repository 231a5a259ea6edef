/**
 * Whatever a plug-in threw, as an Error with a text for its message: values without one, and objects that break when they are
 * looked at, must not break who reports them. Errors that are sound are given back as they are.
 */
export function asError(thrown: unknown): Error {
  try {
    if (thrown instanceof Error && typeof thrown.message === 'string') return thrown
    return new Error(thrown instanceof Error ? `${thrown.name}: ${String(thrown.message)}` : String(thrown))
  } catch {
    return new Error('something was thrown that cannot be shown')
  }
}
