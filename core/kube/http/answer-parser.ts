import { TOKEN } from './token.ts'

/** The head of an answer. Names of headers are in lower case; of one that came several times, the values are joined by `, `. */
export interface AnswerHead {
  status: number
  headers: Readonly<Record<string, string | undefined>>
}

/** Told as they come, within `feed` and `end`. */
export interface AnswerEvents {
  onHead(head: AnswerHead): void
  /** part of the body, of the very memory that was fed; never empty */
  onPiece(piece: Buffer): void
  /** The answer is whole. `mayFollow`: another one may come on this connection. */
  onEnd(mayFollow: boolean): void
  /** after the head of a 101: what follows is another protocol's; nothing may be fed any more */
  onSwitch(rest: Buffer): void
}

const MAX_HEAD_BYTES = 64 * 1024
/** Of a line with a chunk's length. */
const MAX_LINE_BYTES = 4096
const CR = 13
const LF = 10
/** Of a chunk's length. */
const MAX_DIGITS = 12
const NOTHING = Buffer.alloc(0)
/** A tab around a value stays part of it: Node's own parser takes `chunked` with one for another encoding. */
const HEADER = new RegExp(String.raw`^(${TOKEN}): *([^\r\n\0]*?) *$`)
/** The length of a chunk, and extensions, which mean nothing to us: each has a name, and may have a value. */
const CHUNK = new RegExp(String.raw`^([0-9a-f]{1,12})(?:;${TOKEN}(?:=(?:${TOKEN}|"[ !#-[\]-~]*"))?)*$`, 'i')

/** What is read at the moment: `length` and `chunk` have bytes left, `close` ends with the connection. */
type Part = 'head' | 'length' | 'chunk-line' | 'chunk' | 'chunk-end' | 'trailers' | 'close' | 'switched'

/**
 * Reads answers of HTTP/1.1 (RFC 9112) from the bytes of a connection, as strictly as safety asks: of an answer whose length can be
 * understood in two ways, nothing is believed. Answers to HEAD have no place here: nobody asks.
 *
 * @throws Error, from `feed` and `end`, that says what is wrong; the connection is of no use then
 */
export class AnswerParser {
  readonly #events: AnswerEvents
  #part: Part = 'head'
  /** the beginning of a head, or of a line, whose end has not come */
  #begun: Buffer = NOTHING
  #left = 0
  #mayFollow = true

  constructor(events: AnswerEvents) {
    this.#events = events
  }

  /** True between two answers. */
  get isIdle(): boolean {
    return this.#part === 'head' && this.#begun.length === 0
  }

  /** `bytes` is changed: the pieces of several chunks in it are moved together. */
  feed(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#part === 'head') at = this.#head(bytes, at)
      else if (this.#part === 'length') at = this.#counted(bytes, at)
      else if (this.#part === 'close') at = this.#rest(bytes, at)
      else if (this.#part === 'switched') throw new Error('bytes after the end of HTTP')
      else at = this.#chunks(bytes, at)
    }
  }

  /** The connection has ended. */
  end(): void {
    if (this.#part === 'close') this.#whole()
    else if (!this.isIdle) throw new Error('it ends in the middle')
  }

  #head(bytes: Buffer, at: number): number {
    // The end may be split between what came before and this.
    const known = this.#begun.length
    const all = known === 0 ? bytes.subarray(at) : Buffer.concat([this.#begun, bytes.subarray(at)])
    const end = all.indexOf('\r\n\r\n', Math.max(0, known - 3), 'latin1')
    if (end > MAX_HEAD_BYTES || (end < 0 && all.length > MAX_HEAD_BYTES)) throw new Error('its headers are too long')
    if (end < 0) {
      // Kept beyond this call, when the memory is not ours.
      this.#begun = known === 0 ? Buffer.from(all) : all
      return bytes.length
    }
    this.#begun = NOTHING
    const next = at + end + 4 - known
    const head = parseHead(all.toString('latin1', 0, end))
    // 100 and 103 come before the answer proper.
    if (head.status >= 100 && head.status < 200 && head.status !== 101) return next
    this.#frame(head)
    this.#events.onHead(head)
    if (this.#part === 'switched') {
      this.#events.onSwitch(bytes.subarray(next))
      return bytes.length
    }
    if (this.#part === 'length' && this.#left === 0) this.#whole()
    return next
  }

  /** How the body's end will be known: RFC 9112, section 6.3. */
  #frame({ status, headers, isOld }: ParsedHead): void {
    const { 'content-length': length, 'transfer-encoding': encoding, connection = '' } = headers
    if (length !== undefined && encoding !== undefined) throw new Error('it says its length in two ways')
    if (length !== undefined && !/^\d{1,15}$/.test(length)) throw new Error('its length is no number')
    if (encoding !== undefined && encoding.toLowerCase() !== 'chunked') throw new Error(`its encoding ${encoding} is not known`)
    this.#mayFollow = !isOld && !/\bclose\b/i.test(connection)
    this.#left = 0
    if (status === 101) this.#part = 'switched'
    else if (status === 204 || status === 304) this.#part = 'length'
    else if (encoding !== undefined) this.#part = 'chunk-line'
    else if (length !== undefined) {
      this.#part = 'length'
      this.#left = Number(length)
    } else {
      this.#part = 'close'
      this.#mayFollow = false
    }
  }

  #counted(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#left)
    this.#left -= end - at
    this.#events.onPiece(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end))
    if (this.#left === 0) this.#whole()
    return end
  }

  #rest(bytes: Buffer, at: number): number {
    this.#events.onPiece(bytes.subarray(at))
    return bytes.length
  }

  /** A server that sends objects one by one makes a chunk of each: they become one piece again. */
  #chunks(bytes: Buffer, from: number): number {
    let at = from
    let first = -1
    let filled = 0
    while (at < bytes.length && this.#part !== 'head') {
      if (this.#part !== 'chunk') {
        at = this.#plainLine(bytes, at) ?? this.#line(bytes, at)
        continue
      }
      const end = Math.min(bytes.length, at + this.#left)
      if (first < 0) first = filled = at
      if (filled !== at) bytes.copyWithin(filled, at, end)
      filled += end - at
      this.#left -= end - at
      if (this.#left === 0) this.#part = 'chunk-end'
      at = end
    }
    if (first >= 0) this.#events.onPiece(bytes.subarray(first, filled))
    if (this.#part === 'head') this.#events.onEnd(this.#mayFollow)
    return at
  }

  /** Nearly all lines between chunks: they end within these bytes, and have a length or nothing. Undefined: it is another one. */
  #plainLine(bytes: Buffer, from: number): number | undefined {
    if (this.#begun.length > 0 || this.#part === 'trailers') return undefined
    let size = 0
    let at = from
    for (const last = Math.min(from + MAX_DIGITS, bytes.length - 2); at < last; at++) {
      const digit = hexDigit(bytes[at] ?? 0)
      if (digit < 0) break
      size = size * 16 + digit
    }
    if (bytes[at] !== CR || bytes[at + 1] !== LF || (at === from) !== (this.#part === 'chunk-end')) return undefined
    if (at === from) this.#part = 'chunk-line'
    else this.#sized(size)
    return at + 2
  }

  #sized(size: number): void {
    this.#left = size
    this.#part = size > 0 ? 'chunk' : 'trailers'
  }

  #line(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(LF, at)
    const part = bytes.subarray(at, end < 0 ? bytes.length : end + 1)
    const line = this.#begun.length > 0 ? Buffer.concat([this.#begun, part]) : part
    if (line.length > MAX_LINE_BYTES) throw new Error('a line between its chunks is too long')
    this.#begun = end < 0 ? Buffer.from(line) : NOTHING
    if (end < 0) return bytes.length
    if (line.at(-2) !== CR) throw new Error('a line between its chunks does not end as it should')
    this.#lineEnded(line.toString('latin1', 0, line.length - 2))
    return end + 1
  }

  #lineEnded(line: string): void {
    if (this.#part === 'trailers') {
      if (line === '') this.#part = 'head'
      else if (!HEADER.test(line)) throw new Error('what follows its last chunk is no header')
      return
    }
    if (this.#part === 'chunk-end') {
      if (line !== '') throw new Error('a chunk is longer than it says')
      this.#part = 'chunk-line'
      return
    }
    const [, digits] = CHUNK.exec(line) ?? []
    if (digits === undefined) throw new Error('the length of a chunk is no number')
    this.#sized(Number.parseInt(digits, 16))
  }

  #whole(): void {
    this.#part = 'head'
    this.#events.onEnd(this.#mayFollow)
  }
}

/** -1: it is none. */
function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48
  const letter = byte | 32
  return letter >= 97 && letter <= 102 ? letter - 87 : -1
}

interface ParsedHead extends AnswerHead {
  /** HTTP/1.0, where each answer ends its connection */
  isOld: boolean
}

function parseHead(text: string): ParsedHead {
  const [first = '', ...lines] = text.split('\r\n')
  const [, minor, status] = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [^\r\n\0]*)?$/.exec(first) ?? []
  if (status === undefined) throw new Error('it does not speak HTTP/1.1')
  // No prototype: a header may have any name.
  const headers = Object.create(null) as Record<string, string>
  for (const line of lines) {
    const [, name, value = ''] = HEADER.exec(line) ?? []
    if (name === undefined) throw new Error('one of its headers is none')
    const key = name.toLowerCase()
    headers[key] = key in headers ? `${headers[key]}, ${value}` : value
  }
  return { status: Number(status), headers, isOld: minor === '0' }
}
