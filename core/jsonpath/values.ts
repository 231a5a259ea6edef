/** What JSON data looks like to the steps. Only own properties count; `undefined` is as good as absent. */

/** An object that is neither null nor a list. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The elements of a list or the values of an object's members, in their order; none for anything else. */
export function childrenOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  return isObject(value) ? Object.values(value).filter((member) => member !== undefined) : []
}

/** What a value is, for messages. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return 'a list'
  return KINDS[typeof value] ?? 'an object'
}

const KINDS: Record<string, string> = { string: 'text', number: 'a number', bigint: 'a number', boolean: 'true or false' }
