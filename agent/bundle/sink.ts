import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Body, FileOutput } from '../../core/contract/index.ts'
import { fail, isFailure, reasonOf } from '../../core/errors.ts'
import type { Redactor } from '../redaction/redactor.ts'
import type { Archive } from './archive.ts'
import { bodyChunks } from './body.ts'
import { Fatal } from './fatal.ts'
import { isInnerArchive, openedArchive } from './open-archive.ts'
import { checkOutputPath, createPathRegister } from './output-path.ts'
import {
  AS_IT_IS,
  type BodyLimits,
  type FileRedaction,
  type RedactedBody,
  redactedBody,
  smallBody,
  smallBytes,
  type Stage,
} from './redacted-body.ts'

/** Sees each file of the bundle, redacted, once. */
export interface Tap {
  wants(path: string): boolean
  file(path: string, bytes: Uint8Array): void
  /** told of a wanted file that is too large to be shown */
  passedOver?(path: string): void
}

export interface SinkEdge {
  archive: Archive
  redactor: Redactor
  taps: readonly Tap[]
  /** staged files lie here, redacted, for as long as it takes to archive them */
  workFolder: string
  limits: { bundleBytes: number; outputBytes: number }
}

export interface Sink {
  /** sha256 by path, of what is in the bundle by now */
  checksums(): Iterable<readonly [path: string, sha256: string]>
  /**
   * Checks, redacts, taps and archives one output. Returns its size in the bundle. Throws OUTPUT_PATH, OUTPUT_REFUSED,
   * BUNDLE_TOO_LARGE, REDACTION_FAILED or what the body threw, which cost this output only; or Fatal.
   */
  take(output: FileOutput, signal: AbortSignal): Promise<number>
  /** Adds further names of a file that was taken. Throws OUTPUT_PATH, OUTPUT_REFUSED, or Fatal. */
  link(path: string, links: readonly string[]): Promise<void>
  /** true when nothing has this name yet, and nothing is in its way */
  isFree(path: string): boolean
  /** Archives a file of the host's own, redacted like all others, untapped. */
  write(path: string, body: Body): Promise<void>
  /** Removes staged files that an abandoned output left. */
  removeStaged(): Promise<void>
}

const MEMORY_BYTES = 1024 * 1024
/** A staged file is read back for an analyzer up to this size; larger ones are passed over. */
const TAP_BYTES = 64 * 1024 * 1024

export function createSink(edge: SinkEdge): Sink {
  const paths = createPathRegister()
  const staged = new Set<string>()
  const limits: BodyLimits = { memoryBytes: MEMORY_BYTES, outputBytes: edge.limits.outputBytes }
  let stageCount = 0

  const checkSize = () => {
    if (edge.archive.bytes > edge.limits.bundleBytes) throw fail('BUNDLE_TOO_LARGE', { limit: String(edge.limits.bundleBytes) })
  }
  const redacted = (path: string, body: Body, sizes: BodyLimits, stage: Stage) =>
    redactedBody(
      path,
      body,
      guarded(() => edge.redactor.file(path)),
      sizes,
      stage,
    )
  const unpacked = (path: string, body: Body) => () =>
    openedArchive(path, bodyChunks(body), {
      begin: (inner) => guarded(() => edge.redactor.file(inner)),
      bytes: limits.outputBytes,
    })
  /** What is in memory is in the archive before this gives a promise. */
  const store = (path: string, body: RedactedBody): Promise<void> => {
    paths.sum(path, body.sha256)
    if (body.file) return edge.archive.addFile(path, body.file, body.size)
    return edge.archive.add(path, body.bytes ?? new Uint8Array())
  }
  const show = (path: string, bytes: Uint8Array | undefined) => {
    for (const one of edge.taps) {
      if (!one.wants(path)) continue
      if (bytes) one.file(path, bytes)
      else one.passedOver?.(path)
    }
  }
  /** A small output, without a moment in which a plug-in could fill its buffer anew. */
  const takeSmall = async (path: string, links: readonly string[], bytes: Uint8Array): Promise<number> => {
    const body = unbroken(() => smallBody(bytes, edge.redactor.file(path)))
    const stored = store(path, body)
    show(path, body.bytes)
    for (const link of links) show(link, body.bytes)
    await stored
    for (const link of links) await edge.archive.link(link, path)
    return body.size
  }
  const takeLarge = async (path: string, links: readonly string[], reading: Promise<RedactedBody>): Promise<number> => {
    const body = await reading
    // Again: others went in while this one was read.
    checkSize()
    await store(path, body)
    for (const link of links) await edge.archive.link(link, path)
    const names = [path, ...links].filter((name) => edge.taps.some((one) => one.wants(name)))
    const isShown = names.length > 0 && body.size <= TAP_BYTES
    const bytes = body.bytes ?? (isShown && body.file ? await readFile(body.file) : undefined)
    for (const name of names) show(name, bytes)
    return body.size
  }
  const staging = async <Result>(signal: AbortSignal, work: (stage: Stage) => Promise<Result>): Promise<Result> => {
    let file: string | undefined
    const newFile = () => {
      file = join(edge.workFolder, `staged-${stageCount++}`)
      staged.add(file)
      return file
    }
    try {
      return await work({ newFile, signal })
    } finally {
      await unstage(file)
    }
  }
  const unstage = async (file: string | undefined) => {
    if (!file) return
    await rm(file, { force: true })
    staged.delete(file)
  }

  return {
    checksums: () => paths.sums(),
    async take(output, signal) {
      const { path, links } = checked(output)
      checkSize()
      // Taken before the body is read, since outputs are read side by side: the first of two with one path stays.
      paths.reserve([path, ...links])
      signal.throwIfAborted()
      const small = output.format === 'binary' ? undefined : smallBytes(output.body, limits)
      if (small) return takeSmall(path, links, small)
      return staging(signal, (stage) => {
        const isPacked = output.format === 'binary'
        const reading = isPacked
          ? redactedBody(path, unpacked(path, output.body), AS_IT_IS, limits, stage)
          : redacted(path, output.body, limits, stage)
        return takeLarge(path, links, reading)
      })
    },
    async link(path, links) {
      paths.reserve(links)
      for (const link of links) await edge.archive.link(link, path)
    },
    isFree: (path) => paths.isFree(path),
    write: (path, body) =>
      staging(NEVER, async (stage) => store(path, await redacted(path, body, { ...limits, outputBytes: Infinity }, stage))),
    async removeStaged() {
      for (const file of staged) await unstage(file)
    },
  }
}

const NEVER = new AbortController().signal

/** What is wrong with an output before its body is read. */
function checked({ path, links = [], format }: FileOutput): { path: string; links: string[] } {
  checkOutputPath(path)
  if (!Array.isArray(links)) throw fail('OUTPUT_REFUSED', { path, reason: 'its links are no list', remedy: 'mend the collector' })
  if (format === 'binary' && !isInnerArchive(path))
    throw fail('OUTPUT_REFUSED', {
      path,
      reason: 'it is binary and cannot be redacted',
      remedy: 'collect it as text, or in a tar, tar.gz or gz, which are opened',
    })
  return { path, links }
}

/** A line that is too long to redact costs its file. A rule that breaks could have let anything through: it costs the run. */
export function guarded(begin: () => FileRedaction): FileRedaction {
  const redaction = unbroken(begin)
  return { push: (chunk) => unbroken(() => redaction.push(chunk)), end: (last) => unbroken(() => redaction.end(last)) }
}

function unbroken<Value>(work: () => Value): Value {
  try {
    return work()
  } catch (error) {
    if (isFailure(error, 'REDACTION_FAILED')) throw error
    throw new Fatal(fail('REDACTION_FAILED', { reason: reasonOf(error) }, error))
  }
}
