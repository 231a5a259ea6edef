import { isRecord } from './document.ts'
import type { Entry, Locate, Position, SpecProblem } from './document.ts'
import { readBoolOrString } from './go-bool.ts'

type Path = readonly (string | number)[]

/**
 * Reads one list of a spec. Each item has one key, its type. An item that names several is taken as several entries if
 * each has fields of its own; other keys are reported, because they are mostly fields that lost their indentation.
 */
export function readEntries(
  list: unknown,
  path: Path,
  at: Locate,
  source: string,
): { entries: Entry[]; problems: SpecProblem[] } {
  const reader = new ListReader(path, at, source)
  if (Array.isArray(list)) for (const [index, item] of list.entries()) reader.readItem(item, index)
  else if (list !== null) reader.report('error', 'SPEC_LIST', `${path.join('.')} must be a list`, at(path, 'key'))
  return { entries: reader.entries, problems: reader.problems }
}

class ListReader {
  readonly entries: Entry[] = []
  readonly problems: SpecProblem[] = []
  readonly #path: Path
  readonly #at: Locate
  readonly #source: string

  constructor(path: Path, at: Locate, source: string) {
    this.#path = path
    this.#at = at
    this.#source = source
  }

  report(severity: 'error' | 'warning', code: string, message: string, position: Position): void {
    this.problems.push({ code, severity, message, source: this.#source, ...position })
  }

  readItem(item: unknown, index: number): void {
    const path = [...this.#path, index]
    const where = `${this.#path.join('.')}[${index}]`
    if (!isRecord(item) || Object.keys(item).length === 0)
      return this.report('error', 'SPEC_ENTRY', `${where} must be an object whose key is a type, like "cpu: {}"`, this.#at(path))
    for (const key of this.#entryKeys(item, where, this.#at(path))) {
      const config = item[key]
      if (isRecord(config)) this.#add(key, config, path)
      else if (config === null) {
        this.report(
          'warning',
          'SPEC_ENTRY_EMPTY',
          `"${key}:" has no value and is taken as "${key}: {}"`,
          this.#at([...path, key], 'key'),
        )
        this.#add(key, {}, path)
      } else this.report('error', 'SPEC_ENTRY', `${where}.${key} must be an object`, this.#at([...path, key]))
    }
  }

  #add(key: string, config: Record<string, unknown>, path: Path): void {
    const isExcluded = readBoolOrString(config['exclude'])
    if (isExcluded === undefined) {
      const message = `exclude of "${key}" is ${JSON.stringify(config['exclude'])}, neither true nor false; the entry is not excluded`
      this.report('warning', 'SPEC_EXCLUDE', message, this.#at([...path, key, 'exclude']))
    }
    const { line } = this.#at(path)
    this.entries.push({
      key,
      config,
      isExcluded: isExcluded ?? false,
      source: this.#source,
      ...(line === undefined ? {} : { line, at: (inner, part) => this.#at([...path, key, ...inner], part) }),
    })
  }

  #entryKeys(item: Record<string, unknown>, where: string, position: Position): string[] {
    const keys = Object.keys(item)
    if (keys.length === 1) return keys
    const withFields = keys.filter((key) => isRecord(item[key]))
    const dropped = keys.filter((key) => !withFields.includes(key))
    if (dropped.length === 0) {
      this.report(
        'warning',
        'SPEC_ENTRY_KEYS',
        `${where} has several types (${keys.join(', ')}); each is taken as an item of its own`,
        position,
      )
      return keys
    }
    const bare = keys.find((key) => item[key] === null)
    const advice = bare ? `; if they are fields of "${bare}", indent them below it` : ''
    const names = dropped.map((key) => `"${key}"`).join(', ')
    this.report('warning', 'SPEC_ENTRY_KEYS', `${where} has several keys; ${names} are not used${advice}`, position)
    return withFields
  }
}
