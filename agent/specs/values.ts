import { isRecord } from './document.ts'

/**
 * A v1beta3 spec as v1beta2 has it: a field whose value stands in an object, `{value: x}`, becomes `x`. One that points to a
 * Secret or ConfigMap (`valueFrom`) stays as it is: nothing is looked up here, its collector does that, or its schema refuses it.
 */
export function plainValues(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainValues)
  if (!isRecord(value)) return value
  const keys = Object.keys(value)
  if (keys.length === 1 && keys[0] === 'value' && typeof value['value'] === 'string') return value['value']
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plainValues(inner)]))
}
