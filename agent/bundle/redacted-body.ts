import { createHash, hash as hashOf } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { Body } from '../../core/contract/index.ts'
import { fail } from '../../core/errors.ts'
import { bodyChunks } from './body.ts'
import { cannotWrite } from './fatal.ts'

/** The transform of one file: what it gives back may go to disk, what it was given may not. */
export interface FileRedaction {
  push(chunk: Uint8Array): Uint8Array[]
  /** may be given the last bytes, or all of them */
  end(last?: Uint8Array): Uint8Array[]
}

/** Of what was redacted before. */
export const AS_IT_IS: FileRedaction = { push: (chunk) => [chunk], end: (last) => (last ? [last] : []) }

/** A redacted output: small ones in memory, large ones in a file that the caller removes. */
export interface RedactedBody {
  bytes?: Uint8Array
  file?: string
  size: number
  sha256: string
}

export interface BodyLimits {
  /** above this an output goes through a file, since a tar entry's size comes before its content */
  memoryBytes: number
  /** above this it is given up: OUTPUT_REFUSED */
  outputBytes: number
}

/** Where a large output goes: a name that the caller will remove, whatever happens. */
export interface Stage {
  newFile(): string
  signal: AbortSignal
}

/**
 * Reads an output's body to its end through redaction. Throws OUTPUT_REFUSED when it is too long, REDACTION_FAILED, whatever
 * the body throws, and Fatal when the staged file cannot be written.
 */
export async function redactedBody(
  path: string,
  body: Body,
  redaction: FileRedaction,
  limits: BodyLimits,
  stage: Stage,
): Promise<RedactedBody> {
  const hash = createHash('sha256')
  const held: Uint8Array[] = []
  let file: StagedFile | undefined
  let read = 0
  let size = 0

  const put = async (pieces: Uint8Array[]) => {
    // A copy, at once: redaction gives views of what it was given, and a plug-in may fill its buffer anew.
    const bytes = Buffer.concat(pieces)
    hash.update(bytes)
    size += bytes.length
    if (!file && size > limits.memoryBytes) {
      file = await stageFile(stage.newFile())
      for (const one of held.splice(0)) await file.write(one)
    }
    if (file) await file.write(bytes)
    else held.push(bytes)
  }

  try {
    for await (const chunk of bodyChunks(body)) {
      stage.signal.throwIfAborted()
      read += chunk.byteLength
      if (read > limits.outputBytes) {
        const reason = `it is longer than ${limits.outputBytes} bytes`
        throw fail('OUTPUT_REFUSED', { path, reason, remedy: 'collect less of it' })
      }
      await put(redaction.push(chunk))
    }
    await put(redaction.end())
  } finally {
    await file?.close()
  }
  const sha256 = hash.digest('hex')
  return file ? { file: file.name, size, sha256 } : { bytes: Buffer.concat(held), size, sha256 }
}

/** Most outputs are small and many: what is set up for a large one would cost more than the work. */
const SMALL_BYTES = 256 * 1024

/** The bytes of an output that is small enough for `smallBody`. */
export function smallBytes(body: Body, limits: BodyLimits): Uint8Array | undefined {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  if (!(bytes instanceof Uint8Array)) return undefined
  return bytes.length <= Math.min(SMALL_BYTES, limits.memoryBytes, limits.outputBytes) ? bytes : undefined
}

/**
 * The same as `redactedBody`, at once. The bytes it gives may be those of the output itself: a plug-in may fill its buffer anew
 * as soon as something is waited for.
 */
export function smallBody(bytes: Uint8Array, redaction: FileRedaction): RedactedBody & { bytes: Uint8Array } {
  const pieces = redaction.end(bytes)
  const redacted = pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces)
  return { bytes: redacted, size: redacted.length, sha256: hashOf('sha256', redacted) }
}

interface StagedFile {
  name: string
  write(bytes: Uint8Array): Promise<void>
  close(): Promise<void>
}

async function stageFile(name: string): Promise<StagedFile> {
  const said = (error: unknown): never => {
    throw cannotWrite('staged outputs', name, error)
  }
  const handle = await open(name, 'wx', 0o600).catch(said)
  return { name, write: (bytes) => handle.writeFile(bytes).catch(said), close: () => handle.close().catch(said) }
}
