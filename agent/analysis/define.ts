import * as z from 'zod'
import { reasonOf } from '../../core/errors.ts'
import { hint } from '../../core/suggest.ts'
import { readBoolOrString } from '../specs/go-bool.ts'
import { failure, plainResult, settled } from './analyzer.ts'
import type { Analyzer, AnalyzeResult } from './analyzer.ts'
import { Outcome, Text } from './outcomes.ts'
import type { Judgement } from './outcomes.ts'

/** Fields that every analyzer has. `exclude` and `strict` are bools or Go's texts for them. */
export const COMMON = {
  checkName: Text,
  exclude: z.unknown().optional(),
  strict: z.unknown().optional(),
  annotations: z.record(z.string(), z.unknown()).nullish(),
  outcomes: z
    .array(Outcome)
    .nullish()
    .transform((outcomes) => outcomes ?? []),
}
type Common = z.infer<z.ZodObject<typeof COMMON>>

/** Makes a result of this check, of a judgement or of nothing (no outcome matched). */
export type Report = (judgement: Judgement | undefined, icon?: Icon) => AnalyzeResult
export interface Icon {
  iconKey: string
  iconUri: string
}

interface Definition<Config extends Common> {
  /** a strict object of COMMON and the analyzer's own fields */
  schema: z.ZodType<Config> & { shape: object }
  title: (config: Config) => string
  icon?: Icon
  /** what in a valid config will not work as written */
  notes?: (config: Config) => string[]
  /** May throw, and so may the analyzer that it returns: either becomes a failed result. */
  start: (config: Config, report: Report, at: Date) => Analyzer
}

/** One entry of a spec, ready to look at files, and what is wrong with how it is written. */
export interface Created {
  analyzer: Analyzer
  notes: Note[]
}
/** What is wrong, and where in the entry's config. */
export interface Note {
  text: string
  path: readonly (string | number)[]
  /** none = ANALYZER_CONFIG */
  code?: string
}
export const note = (text: string, path: Note['path'] = []): Note => ({ text, path })

export interface AnalyzerKind {
  /**
   * Never throws: a config that cannot be used gives an analyzer that says so. `key` names it if it has no checkName; `at`
   * is the time of the bundle's analysis, for what ages.
   */
  create(key: string, config: Record<string, unknown>, at: Date): Created
}

/** Binds an analyzer's parts together: reads config, names results, and turns whatever is thrown into a failed result. */
export function defineAnalyzer<Config extends Common>(definition: Definition<Config>): AnalyzerKind {
  const { schema } = definition
  const known = [...Object.keys(schema.shape), 'fail', 'warn', 'pass', 'when', 'message', 'uri']
  return {
    create(key, raw, at) {
      const { config, unknown, issues } = readConfig(schema, raw)
      const notes = unknown.map(({ path, name }) =>
        note(`field "${path.join('.')}" is unknown and not used${hint(name, known)}`, path),
      )
      if (!config) return { analyzer: settled(failure(nameOf(key, raw), issues)), notes: [...notes, note(issues)] }
      const title = config.checkName || definition.title(config)
      const isStrict = readBoolOrString(config.strict) ?? false
      const report: Report = (judgement, icon = definition.icon ?? { iconKey: '', iconUri: '' }) => ({
        ...(judgement ?? { verdict: 'none', message: 'No outcome matched', uri: '' }),
        title,
        ...icon,
        isStrict,
      })
      return {
        analyzer: guarded(title, () => definition.start(config, report, at)),
        notes: [...notes, ...(definition.notes?.(config) ?? []).map((text) => note(text))],
      }
    },
  }
}

/** What an entry is called before, or without, its config being understood. */
export function nameOf(key: string, config: Record<string, unknown>): string {
  const { checkName } = config
  return typeof checkName === 'string' && checkName !== '' ? checkName : key
}

interface Read<Value> {
  config?: Value
  unknown: { path: (string | number)[]; name: string }[]
  issues: string
}

/** Unknown fields are left out and named, because the peer ignores them; any other mistake makes the config unusable. */
function readConfig<Value>(schema: z.ZodType<Value>, raw: Record<string, unknown>): Read<Value> {
  const first = schema.safeParse(raw)
  if (first.success) return { config: first.data, unknown: [], issues: '' }
  const unknown: Read<Value>['unknown'] = []
  const cleaned = structuredClone(raw)
  for (const issue of first.error.issues) {
    if (issue.code !== 'unrecognized_keys') continue
    for (const name of issue.keys) {
      const parent = issue.path.reduce<unknown>((value, step) => (value as Record<PropertyKey, unknown>)[step], cleaned)
      delete (parent as Record<string, unknown>)[name]
      const path = [...issue.path, name].map((step) => (typeof step === 'symbol' ? String(step) : step))
      unknown.push({ path, name })
    }
  }
  const second = schema.safeParse(cleaned)
  if (second.success) return { config: second.data, unknown, issues: '' }
  const issues = second.error.issues.slice(0, 3).map(({ path, message }) => `${path.join('.')}: ${message}`)
  return { unknown, issues: `invalid config: ${issues.join('; ')}` }
}

/** After its first error, or a file that it could not be shown, an analyzer looks at no more and has that as its only result. */
function guarded(title: string, start: () => Analyzer): Analyzer {
  let failed: AnalyzeResult[] | undefined
  const attempt = <Value>(action: () => Value, otherwise: Value): Value => {
    if (failed) return otherwise
    try {
      return action()
    } catch (error) {
      failed = [failure(title, reasonOf(error))]
      return otherwise
    }
  }
  const inner = attempt<Analyzer>(start, settled())
  return {
    wants: (path) => attempt(() => inner.wants(path), false),
    file: (path, bytes) => attempt(() => inner.file(path, bytes), undefined),
    passedOver: (path) => void (failed ??= [plainResult(title, 'warn', `Not checked: ${path} is too large`)]),
    finish: () => {
      const results = attempt(() => inner.finish(), [])
      return failed ?? results
    },
  }
}
