import type { DocumentRule, Edit } from './document-rule.ts'

type Steps = readonly string[]
/** A rule's path, and how much of it is left below the place that is looked at. */
interface Wanted {
  rule: string
  left: Steps
}

const BLANK = /[\t\n\r ]*/y
const STRING = /"(?:[^"\\]|\\[^])*"/y
const OTHER = /[^\t\n\r ,\]}]+/y

/**
 * The places of a JSON text, or of a text with one JSON value a line, at which values of the paths stand. Undefined when it is
 * neither. Throws a RangeError when it is nested too deeply.
 */
export function jsonEdits(text: string, rules: readonly DocumentRule[]): Edit[] | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined
  const wanted = rules.flatMap(({ name, paths }) => paths.map((left): Wanted => ({ rule: name, left })))
  const edits: Edit[] = []
  if (isJson(text)) {
    new Reader(text, edits).value(0, wanted)
    return edits
  }
  let at = 0
  for (const line of text.split('\n')) {
    if (line.trim() !== '') {
      if (!isJson(line)) return undefined
      const found: Edit[] = []
      new Reader(line, found).value(0, wanted)
      edits.push(...found.map((edit) => ({ ...edit, start: edit.start + at, end: edit.end + at })))
    }
    at += line.length + 1
  }
  return edits
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Goes over a text that is known to be JSON. */
class Reader {
  readonly #text: string
  readonly #edits: Edit[]

  constructor(text: string, edits: Edit[]) {
    this.#text = text
    this.#edits = edits
  }

  /** Reads the value that begins at `from`, blanks aside; returns where it ends. */
  value(from: number, wanted: readonly Wanted[]): number {
    const start = this.#skip(BLANK, from)
    const first = this.#text[start]
    const end =
      first === '{' || first === '['
        ? this.#members(start, first === '{', wanted)
        : this.#skip(first === '"' ? STRING : OTHER, start)
    const found = wanted.find(({ left }) => left.length === 0)
    if (found) this.#edits.push({ start, end, quote: '"', rule: found.rule })
    return end
  }

  #members(start: number, isObject: boolean, wanted: readonly Wanted[]): number {
    let at = this.#skip(BLANK, start + 1)
    for (let index = 0; !/[\]}]/.test(this.#text.charAt(at)); index++) {
      let key = String(index)
      if (isObject) {
        const end = this.#skip(STRING, at)
        key = String(JSON.parse(this.#text.slice(at, end)))
        at = this.#skip(BLANK, end) + 1
      }
      at = this.#skip(BLANK, this.value(at, below(wanted, key)))
      if (this.#text[at] === ',') at = this.#skip(BLANK, at + 1)
    }
    return at + 1
  }

  #skip(pattern: RegExp, from: number): number {
    pattern.lastIndex = from
    return pattern.test(this.#text) ? pattern.lastIndex : from
  }
}

/** What is still wanted below a member. */
export function below(wanted: readonly Wanted[], key: string): Wanted[] {
  return wanted.flatMap(({ rule, left }) => {
    const [step, ...rest] = left
    return step === key || step === '*' ? [{ rule, left: rest }] : []
  })
}
