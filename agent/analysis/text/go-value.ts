/** A JSON object that templates see as the Go struct of a Kubernetes object: `.Name`, `.Status.Reason`. */
export class GoStruct {
  readonly value: object
  constructor(value: object) {
    this.value = value
  }
}

/** Members of Kubernetes objects that are maps with keys of the user's. */
const MAPS: ReadonlySet<string> = new Set([
  'labels',
  'annotations',
  'nodeselector',
  'matchlabels',
  'matchlabel',
  'data',
  'capacity',
  'allocatable',
])

/** The member `name` of a map or struct; undefined when a map does not have it. */
export function fieldOf(value: unknown, name: string): unknown {
  if (value instanceof GoStruct) return structField(value.value, name)
  if (value instanceof Map) return value.get(name)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
}

/** Go's names differ from JSON's in case only; those of metadata belong to the object itself. What is absent is empty. */
function structField(object: object, name: string): unknown {
  const wanted = name.toLowerCase()
  const find = (from: object) => Object.entries(from).find(([key]) => key.toLowerCase() === wanted)
  const { metadata } = object as { metadata?: unknown }
  if (wanted === 'objectmeta' && typeof metadata === 'object' && metadata !== null) return new GoStruct(metadata)
  const found = find(object) ?? (typeof metadata === 'object' && metadata !== null ? find(metadata) : undefined)
  return found ? wrap(found[1], MAPS.has(wanted)) : ''
}

function wrap(value: unknown, isMap: boolean): unknown {
  if (Array.isArray(value)) return value.map((one: unknown) => wrap(one, false))
  return typeof value === 'object' && value !== null && !isMap ? new GoStruct(value) : value
}

/** Whether `if` takes a value for true: anything but zero values. */
export function isTrue(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === '') return false
  if (Array.isArray(value)) return value.length > 0
  if (value instanceof GoStruct) return true
  return typeof value !== 'object' || Object.keys(value).length > 0
}

/** A value as Go prints it inside of others; `nil` is what nothing is called. */
export function showValue(value: unknown, nil = '<nil>'): string {
  if (value === undefined || value === null) return nil
  if (typeof value === 'number') return showNumber(value)
  if (Array.isArray(value)) return `[${value.map((one) => showValue(one)).join(' ')}]`
  if (value instanceof GoStruct)
    return `{${Object.values(value.value)
      .map((one) => showValue(one))
      .join(' ')}}`
  if (typeof value !== 'object') return typeof value === 'string' ? value : JSON.stringify(value)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `map[${entries.map(([key, one]) => `${key}:${showValue(one)}`).join(' ')}]`
}

/** Written out where Go would turn to exponents: it reads every number of JSON as a float, and shows 12345678 as 1.2345678e+07. */
function showNumber(value: number): string {
  const text = String(value)
  return /e[+-]\d$/.test(text) ? text.replace(/(\d)$/, '0$1') : text
}
