import { invalid, type Reader } from './reader.ts'

/** Reads text in single or double quotes, with the escapes of Go: `\n`, `\t`, `\"`, `\x41`, `\u00e9`, `\101`. */
export function readText(reader: Reader): string {
  const openedAt = reader.at
  const quote = reader.peek()
  reader.at += 1
  let read = ''
  for (;;) {
    read += reader.takeWhile((char) => char !== quote && char !== '\\')
    if (reader.skip(quote)) return read
    if (reader.isDone) throw invalid(`text in quotes is not closed by ${quote}`, openedAt)
    read += readEscape(reader)
  }
}

const ESCAPES: Record<string, string> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
}

/** Escapes that say a number: their digits, their base, and the greatest one that stands for a character. */
const CODES: readonly { pattern: RegExp; base: number; greatest: number }[] = [
  { pattern: /\\x([0-9a-fA-F]{2})/y, base: 16, greatest: 0x7f },
  { pattern: /\\u([0-9a-fA-F]{4})/y, base: 16, greatest: 0xffff },
  { pattern: /\\U([0-9a-fA-F]{8})/y, base: 16, greatest: 0x10ffff },
  { pattern: /\\([0-7]{3})/y, base: 8, greatest: 0x7f },
]

function readEscape(reader: Reader): string {
  const simple = ESCAPES[reader.text[reader.at + 1] ?? '']
  if (simple !== undefined) {
    reader.at += 2
    return simple
  }
  for (const { pattern, base, greatest } of CODES) {
    pattern.lastIndex = reader.at
    const found = pattern.exec(reader.text)
    const code = Number.parseInt(found?.[1] ?? '', base)
    if (!found || code > greatest || (code >= 0xd800 && code <= 0xdfff)) continue
    reader.at += found[0].length
    return String.fromCodePoint(code)
  }
  throw invalid(`"${reader.text.slice(reader.at, reader.at + 2)}" is not a known escape`, reader.at)
}
