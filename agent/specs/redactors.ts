import { hint } from '../../core/suggest.ts'
import { isRecord } from './document.ts'
import type { Locate, SpecProblem } from './document.ts'

/** What may stand in a redactor, by the object that it stands in. */
const FIELDS = {
  redactor: ['name', 'fileSelector', 'removals'],
  fileSelector: ['file', 'files'],
  removals: ['values', 'regex', 'yamlPath'],
  regex: ['selector', 'redactor'],
} as const
type Place = keyof typeof FIELDS
const PLACES = Object.keys(FIELDS) as Place[]

/**
 * The redactors of a Redactor document. A key that is not known is an error: whoever wrote it wants something removed from
 * the bundle, and leaving it out in silence would let that through.
 */
export function readRedactors(
  list: unknown,
  at: Locate,
  source: string,
): { redactors: Record<string, unknown>[]; problems: SpecProblem[] } {
  const problems: SpecProblem[] = []
  const report = (path: (string | number)[], message: string, part?: 'key') =>
    problems.push({ code: 'SPEC_REDACTORS', severity: 'error', message, source, ...at(path, part) })
  const check = (value: Record<string, unknown>, place: Place, path: (string | number)[]) => {
    for (const key of Object.keys(value)) {
      if (FIELDS[place].some((known) => known === key)) continue
      const home = PLACES.find((one) => FIELDS[one].some((known) => known === key))
      const advice = home ? `; it belongs to "${home}"` : hint(key, FIELDS[place])
      report([...path, key], `"${key}" is not a field of a redactor's "${place}"${advice}`, 'key')
    }
    for (const inner of ['fileSelector', 'removals'] as const) {
      const found = value[inner]
      if (found === undefined || found === null) continue
      if (isRecord(found)) check(found, inner, [...path, inner])
      else report([...path, inner], `"${inner}" must be an object`)
    }
    if (place === 'removals' && Array.isArray(value['regex']))
      for (const [index, item] of value['regex'].entries()) if (isRecord(item)) check(item, 'regex', [...path, 'regex', index])
  }
  const path = ['spec', 'redactors']
  if (list === undefined || list === null) return { redactors: [], problems }
  if (!Array.isArray(list)) report(path, 'spec.redactors must be a list', 'key')
  const items = Array.isArray(list) ? (list as unknown[]) : []
  for (const [index, item] of items.entries())
    if (isRecord(item)) check(item, 'redactor', [...path, index])
    else report([...path, index], `spec.redactors[${index}] must be an object`)
  return { redactors: items.filter(isRecord), problems }
}
