import { decode } from './codec.ts'
import { contentVersion } from './content-version.ts'
import { type FileSystem, ifThere } from './file-system.ts'
import type { Ref, Stored } from './store.ts'

/** What is found where a document should be. */
export type Reading =
  | { is: 'absent' }
  | { is: 'good'; stored: Stored; bytes: Buffer }
  | { is: 'damaged'; version: string; reason: string }

/** Reads a document's file. Throws system errors; content that is not this very object is `damaged`. */
export async function readDocument(fs: FileSystem, path: string, ref: Ref): Promise<Reading> {
  const bytes = await ifThere(fs.readFile(path))
  if (!bytes) return { is: 'absent' }
  const version = contentVersion(bytes)
  try {
    const stored = decode(parse(bytes), version)
    if (stored.kind !== ref.kind) throw new Error(`it holds a ${stored.kind}`)
    if (stored.name !== ref.name) throw new Error(`metadata.name is "${stored.name}"`)
    return { is: 'good', stored, bytes }
  } catch (error) {
    return { is: 'damaged', version, reason: (error as Error).message }
  }
}

/** JSON.parse's own messages quote the content, which has no place in a log. */
function parse(bytes: Buffer): unknown {
  if (bytes.length === 0) throw new Error('it is empty')
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    throw new Error('it is not JSON')
  }
}
