import { createRedactor } from '../redaction/redactor.ts'
import { defaultRules } from '../redaction/rules.ts'

/** What one stream of a task program says in free text: whole lines, redacted. */
export interface ChildText {
  push(chunk: Uint8Array): void
  /** the stream has ended; more calls do nothing */
  end(): void
}

/** A longer line is dropped: a cut through it could go through a secret. */
const MAX_LINE_BYTES = 64 * 1024
/** Plug-ins may print without end; nobody reads more, and redaction takes time of the parent. */
const MAX_BYTES = 1024 * 1024
const NEWLINE = 10

/**
 * Redacts a stream as one file, since a private key goes over many lines. One for each stream: pieces of two streams that were
 * mixed would tear secrets apart. `onText` is given whole lines.
 */
export function createChildText(onText: (text: string) => void): ChildText {
  const redaction = createRedactor(defaultRules).file('text')
  let line: Uint8Array[] = []
  let lineBytes = 0
  let isSkipping = false
  let bytes = 0
  let isOver = false

  const say = (pieces: Uint8Array[]) => {
    const text = Buffer.concat(pieces).toString()
    if (text !== '') onText(text.endsWith('\n') ? text : `${text}\n`)
  }
  /** A broken rule could let anything through: from then on nothing is passed on. */
  const redact = (work: () => Uint8Array[]) => {
    try {
      say(work())
    } catch {
      isOver = true
      onText('(the rest of this output could not be redacted and was left out)\n')
    }
  }
  /** `part` goes up to a line's end, or is the beginning of one. */
  const take = (part: Uint8Array, isWhole: boolean) => {
    if (!isSkipping) {
      line.push(Uint8Array.prototype.slice.call(part))
      lineBytes += part.length
      if (lineBytes > MAX_LINE_BYTES) {
        isSkipping = true
        line = [Buffer.from(`(a line of more than ${MAX_LINE_BYTES} bytes was left out)\n`)]
      }
    }
    if (!isWhole) return
    const whole = Buffer.concat(line)
    line = []
    lineBytes = 0
    isSkipping = false
    redact(() => redaction.push(whole))
  }

  return {
    push(chunk) {
      if (isOver) return
      bytes += chunk.length
      const first = chunk.indexOf(NEWLINE) + 1
      const last = chunk.lastIndexOf(NEWLINE) + 1
      if (first > 0) take(chunk.subarray(0, first), true)
      if (last > first && !isOver) redact(() => redaction.push(chunk.subarray(first, last)))
      if (last < chunk.length) take(chunk.subarray(last), false)
      if (bytes <= MAX_BYTES || isOver) return
      isOver = true
      redact(() => redaction.end())
      onText(`(all further output was left out, after ${MAX_BYTES} bytes)\n`)
    },
    end() {
      if (isOver) return
      if (lineBytes > 0) take(new Uint8Array(), true)
      if (!isOver) redact(() => redaction.end())
      isOver = true
    },
  }
}
