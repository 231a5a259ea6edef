import { rm } from 'node:fs/promises'
import { join, posix } from 'node:path'
import type { Clock } from '../../core/clock.ts'
import { fail, isFailure, ProductError, reasonOf } from '../../core/errors.ts'
import type { FromTask, RedactRequest, RedactResult } from '../../core/task.ts'
import { type Archive, createArchive } from '../bundle/archive.ts'
import { type BundleEntry, eachBundleEntry } from '../bundle/bundle-entries.ts'
import { Fatal } from '../bundle/fatal.ts'
import { isInnerArchive, openedArchive } from '../bundle/open-archive.ts'
import { checkEntryPath, OWN_FOLDER } from '../bundle/output-path.ts'
import { AS_IT_IS, redactedBody } from '../bundle/redacted-body.ts'
import { checksumLines } from '../bundle/report.ts'
import { guarded } from '../bundle/sink.ts'
import { createRedactor, type Redactor } from '../redaction/redactor.ts'
import { defaultRules } from '../redaction/rules.ts'
import { NO_TOKENS, readRedactors } from './redactors.ts'
import { redactMessage } from './shown.ts'

interface RedactEdge {
  clock: Clock
  signal: AbortSignal
  say(message: FromTask): void
}

const CHECKSUMS = `${OWN_FOLDER}/checksums.txt`
/** Above this a file goes through the work folder, redacted. */
const MEMORY_BYTES = 1024 * 1024
/** What costs one file and not the bundle. */
const OF_ONE_FILE = ['REDACTION_FAILED', 'OUTPUT_REFUSED', 'OUTPUT_PATH'] as const

/**
 * Makes a redacted copy of a bundle or folder, as a stream: what is large lies in the work folder for a while, redacted. A file
 * that cannot be redacted is left out and said. Any other trouble, as a source that ends in the middle, leaves no archive.
 * Throws BUNDLE_NOT_READ, BUNDLE_TOO_LARGE, SPEC_INVALID, REDACTION_FAILED, DISK_FULL, STORE_UNAVAILABLE, or the signal's reason.
 */
export async function redactTask(request: RedactRequest, edge: RedactEdge): Promise<RedactResult> {
  const { source, workFolder, fileName, tokenKey } = request
  const { rules, documents, warnings } = readRedactors([], request)
  for (const { code, message } of tokenKey === undefined ? [...warnings, NO_TOKENS] : warnings)
    edge.say({ type: 'warning', code, message })
  const redactor = createRedactor([...defaultRules, ...rules], { documents, tokenKey })
  const archive = createArchive(join(workFolder, fileName), fileName.replace(/\.tar\.gz$/, ''), edge.clock.now())
  const copy = createCopy({ request, edge, redactor, archive })
  try {
    edge.say({ type: 'step', name: 'redacting' })
    await eachBundleEntry(source, edge.signal, copy.take)
    const leftOut = await copy.end()
    const facts = await archive.finish()
    return { archive: { ...facts, fileName, isPartial: leftOut.length > 0 }, redaction: redactor.report(), leftOut }
  } catch (error) {
    await archive.abort()
    if (error instanceof Fatal) throw error.failure
    edge.signal.throwIfAborted()
    throw error instanceof ProductError ? error : fail('BUNDLE_NOT_READ', { path: source, reason: reasonOf(error) }, error)
  }
}

interface CopyEdge {
  request: RedactRequest
  edge: RedactEdge
  redactor: Redactor
  archive: Archive
}

/** Takes the entries of the source one after the other. */
function createCopy({ request, edge, redactor, archive }: CopyEdge) {
  const { workFolder, limits } = request
  const checksums = new Map<string, string>()
  const seen = new Set<string>()
  const leftOut: RedactResult['leftOut'] = []
  let hasChecksums = false

  const begin = (path: string) => guarded(() => redactor.file(path))
  const store = async (path: string, body: AsyncIterable<Uint8Array>): Promise<void> => {
    const file = join(workFolder, 'staged')
    const isPacked = isInnerArchive(path)
    const opened = () => (isPacked ? openedArchive(path, body, { begin, bytes: limits.outputBytes }) : body)
    const sizes = { memoryBytes: MEMORY_BYTES, outputBytes: limits.outputBytes }
    try {
      const stage = { newFile: () => file, signal: edge.signal }
      const redacted = await redactedBody(path, opened, isPacked ? AS_IT_IS : begin(path), sizes, stage)
      if (redacted.file) await archive.addFile(path, redacted.file, redacted.size)
      else await archive.add(path, redacted.bytes ?? new Uint8Array())
      checksums.set(path, redacted.sha256)
      edge.say({ type: 'output', path, bytes: redacted.size })
    } finally {
      await rm(file, { force: true, recursive: true })
    }
  }
  const copyEntry = async (entry: BundleEntry): Promise<void> => {
    const { path } = entry
    checkEntryPath(path)
    const remedy = 'unpack the bundle and look at it'
    if (entry.type === 'other') throw fail('OUTPUT_REFUSED', { path, reason: 'it is no file', remedy })
    if (seen.has(path)) throw fail('OUTPUT_REFUSED', { path, reason: 'the path was used before', remedy })
    seen.add(path)
    if (entry.type === 'file') return store(path, entry.body)
    if (entry.target === undefined) throw fail('OUTPUT_REFUSED', { path, reason: 'it is a link out of the bundle', remedy })
    checkEntryPath(entry.target)
    await archive.link(path, posix.normalize(entry.target))
  }
  return {
    async take(entry: BundleEntry): Promise<void> {
      edge.signal.throwIfAborted()
      if (archive.bytes > limits.bundleBytes) throw fail('BUNDLE_TOO_LARGE', { limit: String(limits.bundleBytes) })
      // They are of files that look different now.
      if (entry.path === CHECKSUMS) return void (hasChecksums = true)
      try {
        await copyEntry(entry)
      } catch (error) {
        if (!isFailure(error, ...OF_ONE_FILE)) throw error
        // Names and reasons quote what they are about.
        const path = redactMessage(redactor, entry.path)
        const reason = redactMessage(redactor, reasonOf(error))
        leftOut.push({ path, reason })
        edge.say({
          type: 'warning',
          code: error.code,
          message: error.code === 'REDACTION_FAILED' ? `${path}: ${reason}` : reason,
        })
      }
    },
    async end(): Promise<RedactResult['leftOut']> {
      if (hasChecksums) await archive.add(CHECKSUMS, Buffer.concat([...checksumLines(checksums)]))
      return leftOut
    },
  }
}
