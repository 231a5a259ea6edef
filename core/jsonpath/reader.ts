import { fail, type ProductError } from '../errors.ts'

/** A position in a template or expression that is being parsed. `at` counts UTF-16 units from 0. */
export class Reader {
  readonly text: string
  at: number
  /** Filters do not nest, which also bounds how deep the parser calls itself. */
  isInFilter = false

  constructor(text: string, at = 0) {
    this.text = text
    this.at = at
  }

  get isDone(): boolean {
    return this.at >= this.text.length
  }

  /** The next character, or '' at the end. */
  peek(): string {
    return this.text[this.at] ?? ''
  }

  startsWith(text: string): boolean {
    return this.text.startsWith(text, this.at)
  }

  /** Steps over `text` if it is next. */
  skip(text: string): boolean {
    if (!this.startsWith(text)) return false
    this.at += text.length
    return true
  }

  /** Steps over characters while `test` holds, and returns them. */
  takeWhile(test: (char: string) => boolean): string {
    const from = this.at
    while (!this.isDone && test(this.peek())) this.at += 1
    return this.text.slice(from, this.at)
  }

  skipSpace(): void {
    this.takeWhile(isSpace)
  }

  /** Steps over `closer`, which belongs to `opener` at `openedAt`. */
  close(closer: string, opener: string, openedAt: number): void {
    this.skipSpace()
    if (this.skip(closer)) return
    if (this.isDone) throw invalid(`"${opener}" is not closed by "${closer}"`, openedAt)
    throw invalid(`"${closer}" is expected instead of "${this.shown()}"`, this.at)
  }

  /** The next character as people see it, for messages. */
  shown(): string {
    return String.fromCodePoint(this.text.codePointAt(this.at) ?? 0)
  }
}

const SPACES = ' \t\r\n'
export const isSpace = (char: string): boolean => SPACES.includes(char)

/** The error for text that is no template; `at` counts from 0, the message from 1. */
export function invalid(why: string, at: number): ProductError {
  return failure(`is not a valid JSONPath template: ${why}`, at)
}

/** The error for a template that is valid but cannot be applied to the data. */
export function unfit(why: string, at: number): ProductError {
  return failure(`has a JSONPath template that does not fit the data: ${why}`, at)
}

const failure = (reason: string, at: number): ProductError =>
  fail('USAGE_FLAG_VALUE', { flag: '-o', command: '', reason: `${reason} (at character ${at + 1})` })
