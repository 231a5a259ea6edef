import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileOutput } from '../../core/contract/index.ts'
import { fail, isFailure, type ProductError, reasonOf } from '../../core/errors.ts'
import type { Redactor } from '../redaction/redactor.ts'
import type { Archive } from './archive.ts'
import { checkOutputPath } from './output-path.ts'
import { type BodyLimits, type FileRedaction, type RedactedBody, redactedBody } from './redacted-body.ts'

/** Sees each file of the bundle, redacted, once. */
export interface Tap {
  wants(path: string): boolean
  file(path: string, bytes: Uint8Array): void
}

export interface SinkEdge {
  archive: Archive
  redactor: Redactor
  taps: readonly Tap[]
  /** staged files lie here, redacted, for as long as it takes to archive them */
  workFolder: string
  limits: { bundleBytes: number; outputBytes: number }
}

/** Ends the whole run: what follows it could be incomplete without a word, or unredacted. */
export class Fatal extends Error {
  readonly failure: ProductError
  constructor(failure: ProductError) {
    super(failure.message, { cause: failure })
    this.failure = failure
  }
}

export interface Sink {
  /** sha256 by path, of what is in the bundle */
  readonly checksums: ReadonlyMap<string, string>
  /**
   * Checks, redacts, taps and archives one output. Returns its size in the bundle. Throws OUTPUT_PATH, OUTPUT_REFUSED,
   * BUNDLE_TOO_LARGE, REDACTION_FAILED or what the body threw, which cost this output only; or Fatal.
   */
  take(output: FileOutput, signal: AbortSignal): Promise<number>
  /** Archives a file of the host's own, redacted like all others, untapped. */
  write(path: string, text: string): Promise<void>
  /** Removes staged files that an abandoned output left. */
  removeStaged(): Promise<void>
}

const MEMORY_BYTES = 1024 * 1024
/** A staged file is read back for an analyzer up to this size; larger ones are passed over. */
const TAP_BYTES = 64 * 1024 * 1024

export function createSink(edge: SinkEdge): Sink {
  const checksums = new Map<string, string>()
  const taken = new Set<string>()
  const staged = new Set<string>()
  const limits: BodyLimits = { memoryBytes: MEMORY_BYTES, outputBytes: edge.limits.outputBytes }
  let stageCount = 0

  /** The first of two outputs with one path stays. Taken before the body is read, since outputs are read side by side. */
  const reserve = (path: string) => {
    checkOutputPath(path)
    if (taken.has(path))
      throw fail('OUTPUT_REFUSED', { path, reason: 'the path was used before', remedy: 'give the entries different names' })
    taken.add(path)
  }
  const store = async (path: string, body: RedactedBody) => {
    await fatal('the bundle', () =>
      body.file ? edge.archive.addFile(path, body.file, body.size) : edge.archive.add(path, body.bytes ?? new Uint8Array()),
    )
    checksums.set(path, body.sha256)
  }
  const tap = async (path: string, body: RedactedBody) => {
    const wanting = edge.taps.filter((one) => one.wants(path))
    if (wanting.length === 0) return
    const bytes = body.bytes ?? (body.size <= TAP_BYTES && body.file ? await readFile(body.file) : undefined)
    if (bytes) for (const one of wanting) one.file(path, bytes)
  }
  const unstage = async (file: string | undefined) => {
    if (!file) return
    await rm(file, { force: true })
    staged.delete(file)
  }

  return {
    checksums,
    async take(output, signal) {
      const { path } = output
      if (output.format === 'binary')
        throw fail('OUTPUT_REFUSED', {
          path,
          reason: 'it is binary and cannot be redacted',
          remedy: 'collect it as text, or leave it out',
        })
      if (edge.archive.bytes > edge.limits.bundleBytes) throw fail('BUNDLE_TOO_LARGE', { limit: String(edge.limits.bundleBytes) })
      for (const name of [path, ...(output.links ?? [])]) reserve(name)
      let file: string | undefined
      try {
        const stage = {
          newFile: () => join(edge.workFolder, `staged-${stageCount++}`),
          onStage: (name: string) => void staged.add((file = name)),
          signal,
        }
        const body = await fatal('staged outputs', () =>
          redactedBody(path, output.body, guarded(edge.redactor.file(path)), limits, stage),
        )
        await store(path, body)
        for (const link of output.links ?? []) await fatal('the bundle', () => edge.archive.link(link, path))
        await tap(path, body)
        return body.size
      } finally {
        await unstage(file)
      }
    },
    async write(path, text) {
      const body = await redactedBody(
        path,
        text,
        guarded(edge.redactor.file(path)),
        { memoryBytes: Infinity, outputBytes: Infinity },
        {
          newFile: () => join(edge.workFolder, 'unused'),
          onStage: () => undefined,
          signal: new AbortController().signal,
        },
      )
      await store(path, body)
    },
    async removeStaged() {
      for (const file of staged) await unstage(file)
    },
  }

  /** A full disk and a broken archive end the run; everything else is the output's own trouble. */
  async function fatal<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      if (code === 'ENOSPC' || code === 'EDQUOT') throw new Fatal(fail('DISK_FULL', { what, folder: edge.workFolder }, error))
      if (what === 'the bundle')
        throw new Fatal(fail('STORE_UNAVAILABLE', { what: 'the bundle cannot be written', reason: reasonOf(error) }, error))
      throw error
    }
  }
}

/** A line that is too long to redact costs its file. A rule that breaks could have let anything through: it costs the run. */
function guarded(redaction: FileRedaction): FileRedaction {
  const guard = (work: () => Uint8Array[]) => {
    try {
      return work()
    } catch (error) {
      if (isFailure(error, 'REDACTION_FAILED')) throw error
      throw new Fatal(fail('REDACTION_FAILED', { reason: reasonOf(error) }, error))
    }
  }
  return { push: (chunk) => guard(() => redaction.push(chunk)), end: () => guard(() => redaction.end()) }
}
