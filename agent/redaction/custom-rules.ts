import { reasonOf } from '../../core/errors.ts'
import { compileGoRegexp } from '../go-regexp/go-regexp.ts'
import type { DocumentRule } from './document-rule.ts'
import type { LineRule, Rule, TwoLineRule } from './rule.ts'
import { valuesRule } from './secret-values.ts'

/** What the redactors of users come to. */
export interface CustomRules {
  /** applied after the default rules, in the order of the redactors */
  rules: Rule[]
  /** `yamlPath`: applied to whole files, before all rules of lines */
  documents: DocumentRule[]
  /** what is wrong, one sentence each. Then nothing may be collected with these redactors: they would let something through */
  problems: string[]
}

const NO_RULES: CustomRules = { rules: [], documents: [], problems: [] }

/**
 * Makes rules of the items of `spec.redactors`. Of each: `name`, `fileSelector.file` and `.files`, `removals.values`,
 * `removals.regex[]` with `redactor` and perhaps `selector`, `removals.yamlPath`. Never throws. A key that is none of these is
 * found by who reads the document.
 */
export function customRules(redactors: readonly unknown[]): CustomRules {
  const all = redactors.map((redactor, index) => readRedactor(redactor, `redactors[${index}]`))
  const names = new Map<string, number>()
  const unique = <Named extends { name: string }>(rule: Named): Named => {
    const count = (names.get(rule.name) ?? 0) + 1
    names.set(rule.name, count)
    return count === 1 ? rule : { ...rule, name: `${rule.name} (${count})` }
  }
  return {
    rules: all.flatMap((one) => one.rules).map(unique),
    documents: all.flatMap((one) => one.documents).map(unique),
    problems: all.flatMap((one) => one.problems),
  }
}

function readRedactor(value: unknown, place: string): CustomRules {
  const problems: string[] = []
  const reader: Reader = {
    say: (message) => {
      problems.push(message)
      return undefined
    },
  }
  const redactor = objectAt(value, place, reader)
  if (!redactor) return { ...NO_RULES, problems }
  const name = `custom: ${typeof redactor['name'] === 'string' && redactor['name'] !== '' ? redactor['name'] : place}`
  const files = filesOf(redactor['fileSelector'], `${place}.fileSelector`, reader)
  const scope = files.length > 0 ? { files } : {}
  const removals = objectAt(redactor['removals'] ?? {}, `${place}.removals`, reader) ?? {}
  const within = `${place}.removals`
  const values = textsAt(removals['values'], `${within}.values`, reader)
  const paths = textsAt(removals['yamlPath'], `${within}.yamlPath`, reader)
  const patterns = listAt(removals['regex'], `${within}.regex`, reader)
  const rules = [
    ...valuesRule(name, values).map((rule) => ({ ...rule, ...scope })),
    ...patterns.flatMap((one, index) => {
      const rule = patternRule(one, name, `${within}.regex[${index}]`, reader)
      return rule ? [{ ...rule, ...scope }] : []
    }),
  ]
  const documents = paths.length > 0 ? [{ name, paths: paths.map((path) => path.split('.')), ...scope }] : []
  if (rules.length + documents.length + problems.length === 0) reader.say(`${place} removes nothing`)
  return { rules, documents, problems }
}

interface Reader {
  say(message: string): undefined
}

function patternRule(value: unknown, name: string, place: string, reader: Reader): LineRule | TwoLineRule | undefined {
  const item = objectAt(value, place, reader)
  if (!item) return undefined
  const { redactor, selector } = item
  if (typeof redactor !== 'string' || redactor === '') return reader.say(`${place}.redactor must be a regular expression`)
  const pattern = compiled(redactor, `${place}.redactor`, reader)
  if (selector === undefined || selector === null || selector === '')
    return pattern && { kind: 'line', name, literals: [], ...pattern }
  if (typeof selector !== 'string') return reader.say(`${place}.selector must be a regular expression`)
  const select = compiled(selector, `${place}.selector`, reader)
  if (!pattern || !select) return undefined
  const { source, flags } = select.pattern
  return { kind: 'two-line', name, literals: [], ...pattern, selector: new RegExp(source, flags.replace('g', '')) }
}

function compiled(source: string, place: string, reader: Reader) {
  try {
    const { regexp, names } = compileGoRegexp(source)
    return { pattern: new RegExp(regexp.source, `${regexp.flags}g`), foreign: { groups: names.slice(1) } }
  } catch (error) {
    return reader.say(`${place}: ${reasonOf(error)}`)
  }
}

function filesOf(value: unknown, place: string, reader: Reader): string[] {
  if (value === undefined || value === null) return []
  const selector = objectAt(value, place, reader)
  if (!selector) return []
  const { file } = selector
  if (file !== undefined && file !== null && typeof file !== 'string') reader.say(`${place}.file must be a pattern`)
  const files = textsAt(selector['files'], `${place}.files`, reader)
  return [...(typeof file === 'string' && file !== '' ? [file] : []), ...files]
}

function objectAt(value: unknown, place: string, reader: Reader): Record<string, unknown> | undefined {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  return reader.say(`${place} must be an object`)
}

function listAt(value: unknown, place: string, reader: Reader): unknown[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) reader.say(`${place} must be a list`)
  return Array.isArray(value) ? value : []
}

/** Numbers count as the text that they are written as: `values: [12345]`. */
function textsAt(value: unknown, place: string, reader: Reader): string[] {
  return listAt(value, place, reader).flatMap((item, index) => {
    if (typeof item === 'number') return [String(item)]
    if (typeof item === 'string' && item !== '') return [item]
    reader.say(`${place}[${index}] must be a text that is not empty`)
    return []
  })
}
