const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN = 0x7b
const CLOSE = 0x7d
const LIST_OPEN = 0x5b
const LIST_CLOSE = 0x5d
const COLON = 0x3a
const COMMA = 0x2c
const NEWLINE = 0x0a
const SPACE = 0x20
const INDENT = 2
/** Native search beats our loop on texts longer than about this. */
const SHORT_TEXT = 48

/**
 * Walks through JSON in bytes and makes values only of what is asked for; the rest is stepped over at several hundred MB/s.
 * It follows texts and brackets, so it believes that the bytes are JSON. Every method throws a SyntaxError where that shows.
 *
 * ```ts
 * scan.enterObject()
 * while (scan.nextKey()) if (scan.isKey('name')) name = scan.text()
 *   else scan.skip()
 * ```
 */
export class JsonScan {
  readonly bytes: Buffer
  /** where the value begins that comes next, or where the last one ended */
  at = 0
  #keyStart = 0
  #keyEnd = 0
  /** as our collectors write: then native search finds the end of a value, where else its brackets are followed */
  readonly #isIndented: boolean

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#isIndented = bytes[1] === NEWLINE && bytes[INDENT + 1] === SPACE && bytes[INDENT + 2] !== SPACE
  }

  /** whether the value that comes next is an object */
  isObject(): boolean {
    return this.#space() === OPEN
  }

  isList(): boolean {
    return this.#space() === LIST_OPEN
  }

  /** Steps into an object; steps over any other value and gives false. */
  enterObject(): boolean {
    return this.#enter(OPEN)
  }

  /** Steps into a list; steps over any other value and gives false. */
  enterList(): boolean {
    return this.#enter(LIST_OPEN)
  }

  /** Goes to the next member of the object, whose value must then be taken or skipped; false after the last one. */
  nextKey(): boolean {
    const byte = this.#next(CLOSE)
    if (byte === CLOSE) return false
    if (byte !== QUOTE) throw this.#broken()
    this.#keyStart = this.at + 1
    this.#skipText()
    this.#keyEnd = this.at - 1
    if (this.#space() !== COLON) throw this.#broken()
    this.at++
    this.#space()
    return true
  }

  /** Goes to the next item of the list, which must then be taken or skipped; false after the last one. */
  nextItem(): boolean {
    return this.#next(LIST_CLOSE) !== LIST_CLOSE
  }

  isKey(name: string): boolean {
    if (name.length !== this.#keyEnd - this.#keyStart) return false
    for (let index = 0; index < name.length; index++)
      if (this.bytes[this.#keyStart + index] !== name.charCodeAt(index)) return false
    return true
  }

  keyBegins(start: string): boolean {
    for (let index = 0; index < start.length; index++)
      if (this.bytes[this.#keyStart + index] !== start.charCodeAt(index)) return false
    return true
  }

  /** the key of the member, as it is written */
  key(): string {
    return this.bytes.toString('latin1', this.#keyStart, this.#keyEnd)
  }

  /** the key of the member, as it is meant */
  name(): string {
    return unescaped(this.bytes.toString('utf8', this.#keyStart, this.#keyEnd))
  }

  /** where the key begins, with its quote */
  get keyAt(): number {
    return this.#keyStart - 1
  }

  /** Takes a text; undefined when the value is none. */
  text(): string | undefined {
    const isText = this.#space() === QUOTE
    const from = this.at
    this.skip()
    if (!isText) return undefined
    return unescaped(this.bytes.toString('utf8', from + 1, this.at - 1))
  }

  /** Takes a number; undefined when the value is none. */
  number(): number | undefined {
    const first = this.#space()
    const from = this.at
    this.skip()
    const isNumber = first === 0x2d || (first >= 0x30 && first <= 0x39)
    return isNumber ? Number(this.bytes.toString('latin1', from, this.at)) : undefined
  }

  /** Steps over the value and gives its bytes, of which nothing is kept when the file goes. */
  take(): Buffer {
    this.#space()
    const from = this.at
    this.skip()
    return this.bytes.subarray(from, this.at)
  }

  /** Steps over the value. */
  skip(): void {
    const { bytes } = this
    const first = this.#space()
    if (first === QUOTE) return this.#skipText()
    if (first !== OPEN && first !== LIST_OPEN) return this.#skipPlain()
    if (this.#isIndented && this.#jump(first)) return
    let depth = 0
    let at = this.at
    for (const end = bytes.length; at < end; at++) {
      const byte = bytes[at] ?? 0
      if (byte === QUOTE) {
        this.at = at
        this.#skipText()
        at = this.at - 1
      } else if (byte === OPEN || byte === LIST_OPEN) depth++
      else if ((byte === CLOSE || byte === LIST_CLOSE) && --depth === 0) {
        this.at = at + 1
        return
      }
    }
    throw this.#broken()
  }

  /** Goes to the line that begins with the closing bracket, as far in as the line with the opening one. */
  #jump(first: number): boolean {
    const { bytes, at } = this
    if (bytes[at + 1] !== NEWLINE) return false
    let inside = at + 2
    while (bytes[inside] === SPACE) inside++
    const indent = inside - at - 2 - INDENT
    if (indent < 0) return false
    const found = this.#findEnd(first === OPEN ? CLOSE : LIST_CLOSE, indent)
    if (found === -1) return false
    this.at = found + 1
    return true
  }

  /** Where the bracket is that has nothing but its indent before it on its line. A search for the whole line would be slower. */
  #findEnd(bracket: number, indent: number): number {
    const { bytes } = this
    for (let found = bytes.indexOf(bracket, this.at); found !== -1; found = bytes.indexOf(bracket, found + 1)) {
      const line = found - indent
      if (bytes[line - 1] !== NEWLINE) continue
      let start = line
      while (bytes[start] === SPACE) start++
      if (start === found) return found
    }
    return -1
  }

  #enter(bracket: number): boolean {
    if (this.#space() !== bracket) {
      this.skip()
      return false
    }
    this.at++
    return true
  }

  /** What comes after a bracket or a value: steps over a comma, and over the closing bracket. */
  #next(close: number): number {
    let byte = this.#space()
    if (byte === COMMA) {
      this.at++
      byte = this.#space()
    }
    if (byte === close) this.at++
    return byte
  }

  /** Steps over white space; gives the byte after it. */
  #space(): number {
    const { bytes } = this
    let at = this.at
    while (at < bytes.length && (bytes[at] ?? 0) <= SPACE) at++
    if (at >= bytes.length) throw this.#broken()
    this.at = at
    return bytes[at] ?? 0
  }

  /** From the opening quote to behind the closing one. */
  #skipText(): void {
    const { bytes } = this
    const end = bytes.length
    let at = this.at + 1
    for (let near = at + SHORT_TEXT; at < end; at++) {
      const byte = bytes[at]
      if (byte === QUOTE) {
        this.at = at + 1
        return
      }
      if (byte === BACKSLASH) at++
      else if (at >= near) {
        at = nextOf(bytes, at) - 1
        near = at + SHORT_TEXT
      }
    }
    throw this.#broken()
  }

  /** A number, true, false or null. */
  #skipPlain(): void {
    const { bytes } = this
    const from = this.at
    let at = from
    while (at < bytes.length && isPlain(bytes[at] ?? 0)) at++
    if (at === from) throw this.#broken()
    this.at = at
  }

  #broken(): SyntaxError {
    return new SyntaxError(`it is no JSON at byte ${this.at}`)
  }
}

const unescaped = (text: string) => (text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text)
const isPlain = (byte: number) => byte > SPACE && byte !== COMMA && byte !== CLOSE && byte !== LIST_CLOSE && byte !== COLON

/** The next quote or backslash from `at` on, or the end. A text may lack backslashes for megabytes: looked for no further than the quote. */
function nextOf(bytes: Buffer, at: number): number {
  const quote = bytes.indexOf(QUOTE, at)
  const end = quote === -1 ? bytes.length : quote
  const slash = bytes.subarray(at, end).indexOf(BACKSLASH)
  return slash === -1 ? end : at + slash
}
