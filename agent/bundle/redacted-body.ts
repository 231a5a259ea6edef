import { createHash, hash as hashOf } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { Body } from '../../core/contract/index.ts'
import { fail } from '../../core/errors.ts'
import { bodyChunks } from './body.ts'
import { cannotWrite } from './fatal.ts'

/** The transform of one file: what it gives back may go to disk, what it was given may not. */
export interface FileRedaction {
  push(chunk: Uint8Array): Uint8Array[]
  end(): Uint8Array[]
}

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
  const small = typeof body === 'string' ? Buffer.from(body) : body instanceof Uint8Array ? body : undefined
  const most = Math.min(SMALL_BYTES, limits.memoryBytes, limits.outputBytes)
  if (small && small.length <= most) return smallBody(small, redaction, stage.signal)
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

function smallBody(bytes: Uint8Array, redaction: FileRedaction, signal: AbortSignal): RedactedBody {
  signal.throwIfAborted()
  const redacted = Buffer.concat([...redaction.push(bytes), ...redaction.end()])
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
