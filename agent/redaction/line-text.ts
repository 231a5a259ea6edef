/** First of the lone surrogates that stand for bytes that are no text. */
const ESCAPE = 0xdc00
const PLAIN = /^[\u0000-\u007f]*$/

/**
 * A line of bytes (as latin1) as the text that it is in UTF-8. A byte that is no part of any character becomes half a surrogate
 * pair, which `bytesOfText` turns back: nothing is lost, and what stands around it still reads as text.
 */
export function textOfBytes(line: string): string {
  if (PLAIN.test(line)) return line
  const bytes = Buffer.from(line, 'latin1')
  const whole = bytes.toString('utf8')
  if (!whole.includes('\ufffd')) return whole
  let text = ''
  for (let at = 0; at < bytes.length;) {
    const length = lengthAt(bytes, at)
    text += length === 0 ? String.fromCharCode(ESCAPE + (bytes[at] ?? 0)) : bytes.toString('utf8', at, at + length)
    at += Math.max(1, length)
  }
  return text
}

/** Back again. */
export function bytesOfText(text: string): string {
  if (PLAIN.test(text)) return text
  return text
    .split(/([\udc00-\udcff])(?<![\ud800-\udbff][\udc00-\udcff])/)
    .map((part, index) =>
      index % 2 === 0 ? Buffer.from(part).toString('latin1') : String.fromCharCode(part.charCodeAt(0) - ESCAPE),
    )
    .join('')
}

/** How many bytes the character has that begins here; 0 if none does. */
function lengthAt(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0
  const length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0
  const bytesOfIt = bytes.subarray(at, at + length)
  if (bytesOfIt.length < length) return 0
  return length === 0 || bytesOfIt.toString('utf8').includes('\ufffd') ? (bytesOfIt.equals(REPLACEMENT) ? 3 : 0) : length
}

const REPLACEMENT = Buffer.from('\ufffd')
