/** More than any answer to INFO. */
const MAX_REPLY_BYTES = 1_000_000
const LINE_END = Buffer.from('\r\n')

/** A command as RESP has it: an array of bulk strings. */
export function encodeCommand(words: readonly string[]): Buffer {
  const bulk = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
  return Buffer.from(`*${words.length}\r\n${bulk.join('')}`)
}

/**
 * Replies in order, each as text. Only those of one value: what is asked for here has no others.
 *
 * @throws what the server says when it says no, and for what is no such reply
 */
export async function* readReplies(bytes: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of bytes) {
    rest = Buffer.concat([rest, chunk])
    for (let reply = parseReply(rest); reply; reply = parseReply(rest)) {
      rest = rest.subarray(reply.length)
      yield reply.text
    }
    if (rest.length > MAX_REPLY_BYTES) throw new Error('the answer is too long')
  }
}

/** The first reply, and how many bytes it has; undefined when it is not all there. */
function parseReply(bytes: Buffer): { text: string; length: number } | undefined {
  const end = bytes.indexOf(LINE_END)
  if (end < 0) return undefined
  const [kind, line] = [bytes.toString('latin1', 0, 1), bytes.toString('utf8', 1, end)]
  const after = end + LINE_END.length
  if (kind === '-') throw new Error(line)
  if (kind === '+' || kind === ':') return { text: line, length: after }
  if (kind !== '$' || !/^(-1|\d{1,9})$/.test(line)) throw new Error('the server does not speak the protocol of Redis')
  if (line === '-1') return { text: '', length: after }
  const size = Number(line)
  if (size > MAX_REPLY_BYTES) throw new Error('the answer is too long')
  const length = after + size + LINE_END.length
  return bytes.length < length ? undefined : { text: bytes.toString('utf8', after, after + size), length }
}
