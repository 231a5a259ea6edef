import { fail, reasonOf } from '../../core/errors.ts'
import type { FileRedaction } from './file-redaction.ts'
import { jsonEdits } from './json-edits.ts'
import type { MaskOf } from './token.ts'
import { yamlEdits } from './yaml-edits.ts'

/** Masks what stands at certain paths of a JSON or YAML file. */
export interface DocumentRule {
  name: string
  /** steps of each path: a key, an index, or `*` for any */
  paths: readonly (readonly string[])[]
  /** globs (`file-glob.ts`) of the paths it is for; default all, of which only those that are JSON or YAML are looked into */
  files?: readonly string[]
}

/** One place of a text that is to be replaced. */
export interface Edit {
  start: number
  end: number
  /** goes around what comes in its place */
  quote: string
  /** what is written there, without quotes and escapes, where that is known */
  value?: string
  rule: string
}

export interface DocumentLimits {
  /** a longer file is refused, if its beginning looks like JSON or YAML */
  jsonBytes: number
  yamlBytes: number
}

export const DOCUMENT_LIMITS: DocumentLimits = { jsonBytes: 64 * 2 ** 20, yamlBytes: 2 ** 20 }

interface Stage {
  path: string
  /** those that are for this file */
  rules: readonly DocumentRule[]
  maskOf: MaskOf
  limits: DocumentLimits
  onMasked(rule: string, count: number): void
}

/**
 * Puts rules of documents before the redaction of a file's lines: the file is held in memory as a whole, and masks are put in
 * where the values stood, so that all else stays as it is. What is no JSON or YAML passes, unless a rule names the file or all
 * keys of a path stand in it: then the file is refused, since what is to be masked may be there.
 */
export function documentStage(next: FileRedaction, stage: Stage): FileRedaction {
  const { rules, limits } = stage
  let held: Uint8Array[] | undefined = []
  let size = 0
  /** of the file, until it is known what it begins like */
  let start: Buffer | undefined = rules.every((rule) => !rule.files) ? Buffer.alloc(0) : undefined
  let dead: unknown

  const guarded = (work: () => Uint8Array[]): Uint8Array[] => {
    if (dead) throw dead
    try {
      return work()
    } catch (error) {
      // The stack is full: the file is to blame, not the rule.
      dead = error instanceof RangeError ? refused(stage, 'it is nested too deeply') : error
      held = undefined
      throw dead
    }
  }
  const release = (): Uint8Array[] => {
    const pieces = held ?? []
    held = undefined
    return pieces.flatMap((piece) => next.push(piece))
  }
  const push = (chunk: Uint8Array) =>
    guarded(() => {
      if (!held) return next.push(chunk)
      // A copy: the caller may use its buffer again.
      held.push(Uint8Array.prototype.slice.call(chunk))
      size += chunk.length
      if (start) {
        start = Buffer.concat([start, chunk.subarray(0, START_BYTES)])
        const is = beginning(start)
        if (is === 'text') return release()
        if (is === 'collection') start = undefined
      }
      if (size > limits.jsonBytes) throw refused(stage, `it is longer than ${limits.jsonBytes} bytes`)
      return []
    })
  return {
    push,
    end(last) {
      const pieces = last ? push(last) : []
      return guarded(() => {
        if (!held) return [...pieces, ...next.end()]
        const masked = maskPaths(Buffer.concat(held), stage)
        held = undefined
        return next.end(masked)
      })
    },
    get counts() {
      return next.counts
    },
  }
}

const refused = ({ rules, path }: Stage, reason: string) =>
  fail('REDACTION_FAILED', { reason: `${rules[0]?.name ?? ''} cannot look for yamlPath in ${path}: ${reason}` })

/** How the first line of JSON or YAML with paths in it may begin: a bracket, a key, an item, a comment, a directive, a marker. */
const COLLECTION = /^(?:[{[#%&!?"']|-(?:\s|$|--)|[^\s:][^:]*:(?:\s|$)|[^\n]*:\s)/
/** Enough to know a first line, and more than a key is long. */
const START_BYTES = 1024

/** Whether a path may lead into a file, by its first line. */
function beginning(bytes: Buffer): 'text' | 'collection' | 'unknown' {
  const text = bytes.toString().trimStart()
  const end = text.indexOf('\n')
  if (end < 0 && bytes.length < START_BYTES) return 'unknown'
  if (text === '') return 'collection'
  return COLLECTION.test(end < 0 ? text : text.slice(0, end + 1)) ? 'collection' : 'text'
}

function maskPaths(bytes: Buffer, stage: Stage): Uint8Array {
  // Masks are put between characters: bytes that are no text must come out as they went in.
  const text = bytes.toString('utf8')
  const { rules } = stage
  const likely = rules.map((rule) => ({ ...rule, paths: rule.paths.filter((path) => path.every((step) => mayHold(text, step))) }))
  const looking = likely.filter((rule, index) => rule.paths.length > 0 || rules[index]?.files)
  if (looking.length === 0) return bytes
  const edits = editsOf(text, bytes, looking, stage)
  if (edits.length === 0) return bytes
  if (!Buffer.from(text).equals(bytes)) throw refused(stage, 'it is not written in UTF-8')
  for (const { rule } of edits) stage.onMasked(rule, 1)
  return Buffer.from(applied(text, edits, stage.maskOf))
}

function editsOf(text: string, bytes: Buffer, rules: readonly DocumentRule[], stage: Stage): Edit[] {
  const json = jsonEdits(text, rules)
  if (json) return json
  if (bytes.length > stage.limits.yamlBytes)
    throw refused(stage, `it is no JSON, and for YAML longer than ${stage.limits.yamlBytes} bytes`)
  try {
    return yamlEdits(text, rules)
  } catch (error) {
    throw refused(stage, reasonOf(error))
  }
}

/** A path can only be in a text that has all of its keys. Those that may be written in several ways count as there. */
const mayHold = (text: string, step: string): boolean =>
  step === '*' || /^\d+$/.test(step) || /[^\w .\-/]/.test(step) || text.includes(step)

/** Edits inside of other edits are gone with them. */
function applied(text: string, edits: readonly Edit[], maskOf: MaskOf): string {
  let done = ''
  let at = 0
  for (const { start, end, quote, value: known } of edits.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    if (start < at) continue
    // The line break at the end of a block belongs to what follows.
    const written = text.slice(start, end).trimEnd()
    const value = known ?? written.replace(/^(["'])([^]*)\1$/, '$2')
    done += `${text.slice(at, start)}${quote}${maskOf(Buffer.from(value).toString('latin1'))}${quote}`
    at = start + written.length
  }
  return done + text.slice(at)
}
