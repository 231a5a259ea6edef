import { AnswerParser } from '../../../../core/kube/http/answer-parser.ts'

/** What came out of a parser. */
export interface Told {
  status: number
  headers: Record<string, string | undefined>
  body: string
  /** undefined: it did not end */
  mayFollow?: boolean
  /** what follows a switch of the protocol */
  rest?: string
}

/** Feeds a parser with bytes in pieces of the given sizes, and says what it told. `isEnded`: the connection ends after them. */
export function parsed(bytes: Buffer, sizes: readonly number[] = [bytes.length], isEnded = true): Told[] {
  const told: Told[] = []
  const last = () => told.at(-1) as Told
  const parser = new AnswerParser({
    onHead: ({ status, headers }) => told.push({ status, headers: { ...headers }, body: '' }),
    onPiece: (piece) => (last().body += piece.toString('latin1')),
    onEnd: (mayFollow) => (last().mayFollow = mayFollow),
    onSwitch: (rest) => (last().rest = rest.toString('latin1')),
  })
  // Each piece has memory of its own, as what comes from a socket, and may be used for something else afterwards.
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const piece = Buffer.from(bytes.subarray(at, at + (sizes[turn % sizes.length] ?? 1)))
    at += piece.length
    parser.feed(piece)
    piece.fill('#')
  }
  if (isEnded) parser.end()
  return told
}

/** An answer as a server may send it: its body as it is, or in chunks of the given sizes. */
export function answerBytes(
  body: string,
  { chunks, headers = [] }: { chunks?: readonly number[] | undefined; headers?: string[] } = {},
) {
  const head = (line: string) => ['HTTP/1.1 200 OK', ...headers, line, '', ''].join('\r\n')
  if (!chunks) return Buffer.from(head(`content-length: ${body.length}`) + body, 'latin1')
  let text = head('Transfer-Encoding: chunked')
  for (let at = 0, turn = 0; at < body.length; turn++) {
    const part = body.slice(at, at + (chunks[turn % chunks.length] ?? 1))
    at += part.length
    text += `${part.length.toString(16)}\r\n${part}\r\n`
  }
  return Buffer.from(`${text}0\r\n\r\n`, 'latin1')
}
