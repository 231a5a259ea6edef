import type { Body, FileOutput, Output, WarningOutput } from '../contract/index.ts'

/** A file with its body read. */
export interface GatheredFile {
  path: string
  links: string[]
  format: FileOutput['format']
  text: string
  bytes: Uint8Array
}

/** All that a collector yielded, in its order, and how it ended. */
export interface Gathered {
  outputs: (GatheredFile | WarningOutput)[]
  files: GatheredFile[]
  warnings: WarningOutput[]
  /** what it threw; undefined when it ended well */
  error: unknown
}

/** Runs a collector to its end as the host does: takes each output, opens each body once. Never throws. */
export async function gather(outputs: AsyncIterable<Output>): Promise<Gathered> {
  const gathered: Gathered = { outputs: [], files: [], warnings: [], error: undefined }
  try {
    for await (const output of outputs) {
      if (output.type === 'warning') {
        gathered.outputs.push(output)
        gathered.warnings.push(output)
        continue
      }
      const file = await opened(output)
      gathered.outputs.push(file)
      gathered.files.push(file)
    }
  } catch (error) {
    gathered.error = error ?? new Error('nothing was thrown')
  }
  return gathered
}

async function opened({ path, links = [], format, body }: FileOutput): Promise<GatheredFile> {
  const bytes = await bytesOf(body)
  return { path, links, format, bytes, text: new TextDecoder().decode(bytes) }
}

/** The whole of a stream or body. */
export async function bytesOf(body: Body): Promise<Uint8Array> {
  if (typeof body === 'string') return new TextEncoder().encode(body)
  if (body instanceof Uint8Array) return body
  const chunks = []
  for await (const chunk of body()) chunks.push(chunk)
  return Buffer.concat(chunks)
}
