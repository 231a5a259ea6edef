import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments, Scalar, visit } from 'yaml'
import type { Document, Pair, ParsedNode, ScalarTag, YAMLMap } from 'yaml'
import { reasonOf } from '../../core/errors.ts'
import type { Locate, SpecProblem } from './document.ts'

/** Deepest nesting, and most values after aliases are resolved: real specs stay far below both. */
const MAX_DEPTH = 100
const MAX_VALUES = 200_000
const MAX_ALIASES = 100
const MAX_ERRORS = 10
const TOO_DEEP = `it is nested deeper than ${MAX_DEPTH} levels`

export interface YamlValue {
  value: unknown
  at: Locate
}

/** The peer reads YAML 1.1 booleans: an unquoted `exclude: yes` excludes. */
const yaml11Bool: ScalarTag = {
  identify: () => false,
  default: true,
  tag: 'tag:yaml.org,2002:bool',
  test: /^(?:[yY]|[yY]es|YES|[nN]|[nN]o|NO|[oO]n|ON|[oO]ff|OFF)$/,
  resolve: (text) => new Scalar(/^(?:y|on)/i.test(text)),
}

/**
 * The values of a text of YAML documents that a stranger wrote, each with a way back to its lines. Never throws. A
 * document with an error gives a problem and no value; empty ones give nothing. Aliases and merge keys are resolved as
 * the peer does, within bounds. The caller bounds the text: 1 MiB takes up to 3 s.
 */
export function readYaml(text: string, source: string): { values: YamlValue[]; problems: SpecProblem[] } {
  const lines = new LineCounter()
  const values: YamlValue[] = []
  const problems: SpecProblem[] = []
  const report = (severity: 'error' | 'warning', message: string, offset: number) => {
    const { line, col } = lines.linePos(offset)
    problems.push({ code: 'SPEC_YAML', severity, message: message.split('\n')[0] ?? message, source, line, column: col })
  }
  for (const document of parseAll(text, lines)) {
    const errors = document instanceof Error ? [{ message: unreadable(document), offset: 0 }] : errorsOf(document)
    for (const { message, offset } of errors.slice(0, MAX_ERRORS)) report('error', message, offset)
    if (document instanceof Error || errors.length > 0 || isEmpty(document)) continue
    for (const { message, pos } of document.warnings) report('warning', message, pos[0])
    try {
      const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES })
      checkSize(value)
      values.push({ value, at: locator(document, lines) })
    } catch (error) {
      report('error', unreadable(error), document.contents?.range[0] ?? 0)
    }
  }
  return { values, problems }
}

function parseAll(text: string, lineCounter: LineCounter): (Document.Parsed | Error)[] {
  try {
    const documents = parseAllDocuments(text, {
      lineCounter,
      prettyErrors: false,
      merge: true,
      stringKeys: true,
      // Its own check compares every pair of keys: seconds for a long map. See duplicateKeys.
      uniqueKeys: false,
      customTags: (tags) => [yaml11Bool, ...tags],
    })
    return Array.isArray(documents) ? documents : []
  } catch (error) {
    return [error instanceof Error ? error : new Error(reasonOf(error))]
  }
}

const unreadable = (error: unknown): string =>
  `the document cannot be read: ${error instanceof RangeError ? TOO_DEEP : reasonOf(error)}`

const isEmpty = ({ contents }: Document.Parsed): boolean => contents === null || (isScalar(contents) && contents.value === null)

function errorsOf(document: Document.Parsed): { message: string; offset: number }[] {
  // The parser recurses: a text of nothing but brackets ends its stack, which it reports in several ways.
  if (document.errors.some(({ message }) => /call stack|stack overflow/i.test(message)))
    return [{ message: unreadable(new RangeError()), offset: 0 }]
  return [...document.errors.map(({ message, pos }) => ({ message, offset: pos[0] })), ...duplicateKeys(document)]
}

function duplicateKeys(document: Document.Parsed): { message: string; offset: number }[] {
  const found: { message: string; offset: number }[] = []
  visit(document, {
    Map(_, map) {
      const seen = new Set<string>()
      for (const { key } of map.items) {
        if (!isScalar(key) || key.value === '<<') continue
        const name = String(key.value)
        if (seen.has(name)) found.push({ message: `the key "${name}" stands here twice`, offset: key.range?.[0] ?? 0 })
        seen.add(name)
      }
    },
  })
  return found
}

/** Refuses what an alias made endless or huge: an anchor that contains itself has no deepest level. */
function checkSize(root: unknown): void {
  let values = 0
  const visitValue = (value: unknown, depth: number): void => {
    if (depth > MAX_DEPTH) throw new RangeError(TOO_DEEP)
    if (++values > MAX_VALUES) throw new Error(`it has more than ${MAX_VALUES} values`)
    if (typeof value === 'object' && value !== null) for (const child of Object.values(value)) visitValue(child, depth + 1)
  }
  visitValue(root, 0)
}

/** Each map is indexed once, however many of its keys are asked for. */
function locator(document: Document.Parsed, lines: LineCounter): Locate {
  const indexes = new Map<YAMLMap, Map<string, Pair>>()
  const pairOf = (map: YAMLMap, key: string): Pair | undefined => {
    let index = indexes.get(map)
    if (!index) {
      index = new Map(map.items.flatMap((pair) => (isScalar(pair.key) ? [[String(pair.key.value), pair] as const] : [])))
      indexes.set(map, index)
    }
    return index.get(key)
  }
  return (path, part = 'value') => {
    let key: unknown
    let value: unknown = document.contents
    for (const step of path) {
      const parent = isAlias(value) ? value.resolve(document) : value
      if (isSeq(parent) && typeof step === 'number') [key, value] = [undefined, parent.items[step]]
      else if (isMap(parent)) {
        const pair = pairOf(parent, String(step))
        if (!pair) break
        ;[key, value] = [pair.key, pair.value ?? pair.key]
      } else break
    }
    const node = (part === 'key' ? (key ?? value) : value) as ParsedNode | null | undefined
    if (!node?.range) return {}
    const { line, col } = lines.linePos(node.range[0])
    return { line, column: col }
  }
}
