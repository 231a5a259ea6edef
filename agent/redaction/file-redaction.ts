import { tooLong } from './line-finder.ts'
import { lineRedactor } from './line-redactor.ts'
import type { LineRedactor } from './line-redactor.ts'
import type { RuleSelection, RuleSet } from './rule-set.ts'
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
  /** Takes the last bytes, where there are some, and gives all that is left. Call it once, after the last `push`, or instead. */
  end(last?: Uint8Array): Uint8Array[]
  /** places masked so far in this file, by rule */
  readonly counts: Readonly<Record<string, number>>
}

const NEWLINE = 10
const NOTHING = new Uint8Array()
const ENDED = new Error('the redaction of this file has ended')
const bufferOf = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/**
 * @param onMasked told of every line in which a rule masked something
 * @param budget what rules of users may take
 */
export function redactFile(
  path: string,
  set: RuleSet,
  onMasked: (rule: string, count: number) => void,
  budget?: TimeBudget,
): FileRedaction {
  return new LineRedaction(path, set, onMasked, budget)
}

/** A class, since a bundle has thousands of small files: nothing is made for each of them but this. */
class LineRedaction implements FileRedaction {
  readonly #path: string
  readonly #set: RuleSet
  readonly #selection: RuleSelection
  readonly #lines: LineRedactor
  readonly #budget: TimeBudget | undefined
  #counts: Record<string, number> | undefined
  #waiting: Uint8Array[] | undefined
  #waitingBytes = 0
  #dead: unknown

  constructor(path: string, set: RuleSet, onMasked: (rule: string, count: number) => void, budget: TimeBudget | undefined) {
    this.#path = path
    this.#set = set
    this.#budget = budget
    this.#selection = set.forFile(path)
    this.#lines = lineRedactor(this.#selection, (rule, count) => {
      this.#counts ??= {}
      this.#counts[rule] = (this.#counts[rule] ?? 0) + count
      onMasked(rule, count)
    })
  }

  get counts(): Readonly<Record<string, number>> {
    return { ...this.#counts }
  }

  push(chunk: Uint8Array): Uint8Array[] {
    return this.#guarded((parts) => {
      const bytes = bufferOf(chunk)
      const end = bytes.lastIndexOf(NEWLINE) + 1
      let start = 0
      if (end > 0 && this.#waitingBytes > 0) {
        start = bytes.indexOf(NEWLINE) + 1
        this.#scan(this.#take(bytes.subarray(0, start)), parts)
      }
      if (start < end) this.#scan(bytes.subarray(start, end), parts)
      this.#keep(bytes.subarray(end))
    })
  }

  end(last: Uint8Array = NOTHING): Uint8Array[] {
    return this.#guarded((parts) => {
      if (this.#waitingBytes > 0) this.#scan(this.#take(last), parts)
      else if (last.length > 0) this.#scan(bufferOf(last), parts)
      this.#dead = ENDED
    })
  }

  #keep(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    // A copy, because the caller may use its buffer again before the rest of this line comes.
    this.#waiting ??= []
    this.#waiting.push(Uint8Array.prototype.slice.call(bytes))
    this.#waitingBytes += bytes.length
    if (this.#waitingBytes > this.#set.maxLineBytes) throw tooLong(this.#set.maxLineBytes)
  }

  #take(last: Uint8Array): Buffer {
    const line = Buffer.concat([...(this.#waiting ?? []), last])
    this.#waiting = undefined
    this.#waitingBytes = 0
    return line
  }

  /** No way around it leads out of a failure: whatever goes wrong, the file is dead. */
  #guarded(work: (parts: Uint8Array[]) => void): Uint8Array[] {
    if (this.#dead) throw this.#dead
    const parts: Uint8Array[] = []
    try {
      if (this.#budget && this.#selection.isForeign) this.#budget.spend(this.#path, () => work(parts))
      else work(parts)
      return parts
    } catch (error) {
      this.#dead = error
      this.#waiting = undefined
      throw error
    }
  }

  /** Goes once over whole lines (only the last may lack its `\n`) and gives views of all that is not changed. */
  #scan(bytes: Buffer, parts: Uint8Array[]): void {
    const { finder } = this.#set
    let kept = 0
    for (let at = 0; at < bytes.length;) {
      const end = finder.find(bytes, at, this.#lines.isWaiting())
      const { start, low, high } = finder
      const redacted = this.#lines.redact(bytes, start, end, low, high)
      if (redacted !== undefined) {
        if (kept < start) parts.push(bytes.subarray(kept, start))
        parts.push(Buffer.from(redacted, 'latin1'))
        kept = end
      }
      at = end + 1
    }
    if (kept === 0) parts.push(bytes)
    else if (kept < bytes.length) parts.push(bytes.subarray(kept))
  }
}
