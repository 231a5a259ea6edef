import { lineFinder, tooLong } from './line-finder.ts'
import { lineRedactor } from './line-redactor.ts'
import type { LineRedactor } from './line-redactor.ts'
import type { RuleSet } from './rule-set.ts'
import type { TimeBudget } from './time-budget.ts'

/** The redaction of one file, from its first byte to its last. Not to be shared between files. */
export interface FileRedaction {
  /**
   * Takes the next bytes and gives what is ready of the redacted file; the end of a line that is not complete waits.
   * Pieces may be views of `chunk`, so it must not be changed until they were used.
   * Throws REDACTION_FAILED when a line cannot be redacted: that costs this file. Any other error is a rule that is broken.
   * After either, every call throws it again, and nothing more of the file comes out.
   */
  push(chunk: Uint8Array): Uint8Array[]
  /** Gives what is left. Call it once, after the last `push`. */
  end(): Uint8Array[]
  /** places masked so far in this file, by rule */
  readonly counts: Readonly<Record<string, number>>
}

const NEWLINE = 10

/**
 * @param onMasked told of every line in which a rule masked something
 * @param budget what rules of users may take
 */
export function redactFile(
  path: string,
  set: RuleSet,
  maxLineBytes: number,
  onMasked: (rule: string, count: number) => void,
  budget?: TimeBudget,
): FileRedaction {
  const counts = new Map<string, number>()
  const selection = set.forFile(path)
  const lines = lineRedactor(selection, (rule, count) => {
    counts.set(rule, (counts.get(rule) ?? 0) + count)
    onMasked(rule, count)
  })
  const scan = scanner(set, lines, maxLineBytes)
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  let dead: unknown

  const keep = (bytes: Uint8Array) => {
    if (bytes.length === 0) return
    // A copy, because the caller may use its buffer again before the rest of this line comes.
    waiting.push(Uint8Array.prototype.slice.call(bytes))
    waitingBytes += bytes.length
    if (waitingBytes > maxLineBytes) throw tooLong(maxLineBytes)
  }
  const take = (last: Uint8Array): Buffer => {
    const line = Buffer.concat([...waiting, last])
    waiting = []
    waitingBytes = 0
    return line
  }
  /** No way around it leads out of a failure: whatever goes wrong, the file is dead. */
  const guarded = (work: (parts: Uint8Array[]) => void): Uint8Array[] => {
    if (dead) throw dead
    const parts: Uint8Array[] = []
    try {
      if (budget && selection.isForeign) budget.spend(path, () => work(parts))
      else work(parts)
      return parts
    } catch (error) {
      dead = error
      waiting = []
      throw error
    }
  }

  return {
    push: (chunk) =>
      guarded((parts) => {
        const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
        const end = bytes.lastIndexOf(NEWLINE) + 1
        let start = 0
        if (end > 0 && waitingBytes > 0) {
          start = bytes.indexOf(NEWLINE) + 1
          scan(take(bytes.subarray(0, start)), parts)
        }
        if (start < end) scan(bytes.subarray(start, end), parts)
        keep(bytes.subarray(end))
      }),
    end: () =>
      guarded((parts) => {
        if (waitingBytes > 0) scan(take(Buffer.alloc(0)), parts)
        dead = new Error('the redaction of this file has ended')
      }),
    get counts() {
      return Object.fromEntries(counts)
    },
  }
}

/** Goes once over whole lines (only the last may lack its `\n`) and gives views of all that is not changed. */
function scanner({ automaton }: RuleSet, lines: LineRedactor, maxLineBytes: number) {
  const finder = lineFinder(automaton, maxLineBytes)
  return (bytes: Buffer, parts: Uint8Array[]): void => {
    let kept = 0
    for (let at = 0; at < bytes.length;) {
      const end = finder.find(bytes, at, lines.isWaiting())
      const { start, low, high } = finder
      const redacted = lines.redact(bytes, start, end, low, high)
      if (redacted !== undefined) {
        if (kept < start) parts.push(bytes.subarray(kept, start))
        parts.push(Buffer.from(redacted, 'latin1'))
        kept = end
      }
      at = end + 1
    }
    if (kept < bytes.length) parts.push(bytes.subarray(kept))
  }
}
