import { createHash } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'
import type { Body } from '../../core/contract/index.ts'
import { fail } from '../../core/errors.ts'

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

/**
 * Reads an output's body to its end through redaction. Throws OUTPUT_REFUSED when it is too long, REDACTION_FAILED, and
 * whatever the body throws; the staged file's name is then given to `onStage` already.
 */
export async function redactedBody(
  path: string,
  body: Body,
  redaction: FileRedaction,
  limits: BodyLimits,
  stage: { newFile: () => string; onStage: (file: string) => void; signal: AbortSignal },
): Promise<RedactedBody> {
  const hash = createHash('sha256')
  const held: Uint8Array[] = []
  let file: { name: string; handle: FileHandle } | undefined
  let read = 0
  let size = 0

  const put = async (chunks: Uint8Array[]) => {
    for (const chunk of chunks) {
      hash.update(chunk)
      size += chunk.byteLength
      // Scanners give slices of their own buffers back: what is kept longer than a turn is copied.
      held.push(file ? chunk : chunk.slice())
    }
    if (!file && size > limits.memoryBytes) {
      const name = stage.newFile()
      stage.onStage(name)
      file = { name, handle: await open(name, 'wx', 0o600) }
    }
    if (file) for (const chunk of held.splice(0)) await file.handle.writeFile(chunk)
  }

  try {
    for await (const chunk of chunksOf(body)) {
      stage.signal.throwIfAborted()
      read += chunk.byteLength
      if (read > limits.outputBytes)
        throw fail('OUTPUT_REFUSED', {
          path,
          reason: `it is longer than ${limits.outputBytes} bytes`,
          remedy: 'collect less of it',
        })
      await put(redaction.push(chunk))
    }
    await put(redaction.end())
  } finally {
    await file?.handle.close()
  }
  const sha256 = hash.digest('hex')
  return file ? { file: file.name, size, sha256 } : { bytes: Buffer.concat(held), size, sha256 }
}

function chunksOf(body: Body): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  if (typeof body === 'string') return [Buffer.from(body)]
  return body instanceof Uint8Array ? [body] : body()
}
