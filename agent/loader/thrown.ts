/**
 * Whatever a plug-in threw, as an Error with a text for its message: values without one, and objects that break when they are
 * looked at, must not break who reports them. Errors that are sound are given back as they are.
 */
export function asError(thrown: unknown): Error {
  try {
    const message: unknown = thrown instanceof Error ? thrown.message : thrown
    return thrown instanceof Error && typeof message === 'string' ? thrown : new Error(String(message))
  } catch {
    return new Error('something was thrown that cannot be shown')
  }
}
