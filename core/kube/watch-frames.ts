import { RawItem } from './raw-item.ts'
import { KubeStatusError, type StatusDocument } from './status-error.ts'

/** One line of a watch. */
export interface Frame {
  type: string
  object: RawItem
  resourceVersion: string | undefined
}

/** Longer lines are no objects: etcd takes some MiB at most. */
const MAX_LINE_BYTES = 32 * 1024 * 1024
const LINE_END = 0x0a
const HEAD = /^\{"type":"[A-Z]+","object":/

/**
 * The lines of a watch's body. A line that the connection's end cut short is left out: the next session brings it again.
 * A SyntaxError means that the stream cannot be trusted any more.
 */
export async function* readFrames(body: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  let begun: Buffer[] = []
  let size = 0
  for await (const piece of body) {
    let from = 0
    for (let end = piece.indexOf(LINE_END); end !== -1; end = piece.indexOf(LINE_END, from)) {
      const last = piece.subarray(from, end)
      const line = begun.length === 0 ? last : Buffer.concat([...begun, last])
      begun = []
      size = 0
      from = end + 1
      if (line.length > 0) yield parseFrame(line)
    }
    if (from < piece.length) begun.push(piece.subarray(from))
    size += piece.length - from
    if (size > MAX_LINE_BYTES) throw new SyntaxError('a line of the watch has no end')
  }
}

/**
 * The object keeps the bytes that the server sent.
 *
 * @throws KubeStatusError for a frame of type ERROR; a SyntaxError for what is no frame
 */
function parseFrame(line: Buffer): Frame {
  const text = line.toString('utf8')
  const { type, object } = (JSON.parse(text) ?? {}) as { type?: unknown; object?: Record<string, unknown> }
  if (typeof type !== 'string' || typeof object !== 'object' || object === null)
    throw new SyntaxError('a line of the watch is no event')
  if (type === 'ERROR') {
    const document = object as StatusDocument & { code?: number }
    const seconds = document.details?.retryAfterSeconds
    const retryAfterMs = seconds ? seconds * 1000 : undefined
    throw new KubeStatusError('watch', { status: document.code ?? 500, retryAfterMs, document })
  }
  const head = HEAD.exec(text)?.[0].length
  const isAsSent = head !== undefined && text.endsWith('}')
  const bytes = isAsSent ? line.subarray(head, line.length - 1) : Buffer.from(JSON.stringify(object))
  const item = new RawItem(bytes, object)
  return { type, object: item, resourceVersion: item.metadata.resourceVersion }
}
