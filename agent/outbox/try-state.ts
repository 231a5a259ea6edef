import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeFolder } from '../../core/store/durable-file.ts'
import { catalogued, nodeFileSystem } from '../../core/store/file-system.ts'

/** What an uploader keeps between its tries: ids of parts, offsets, and that its bundle may be visible by now. */
export interface TryState {
  /** undefined when there is none, or none that can be read */
  read(): Promise<unknown>
  /** replaces it, in the order of the calls; resolves when it is on the disk, rejects when it could not be kept */
  keep(value: unknown): Promise<void>
  /** resolves when nothing is being written any more; what a dead task said last may still be on its way */
  settled(): Promise<void>
}

export function openTryState(path: string): TryState {
  let last = Promise.resolve()
  return {
    async read() {
      try {
        return JSON.parse(await readFile(path, 'utf8'))
      } catch {
        return undefined
      }
    },
    keep(value) {
      const kept = last.then(() => catalogued(path, replace(path, JSON.stringify(value) ?? 'null')))
      last = kept.catch(() => undefined)
      return kept
    },
    settled: () => last,
  }
}

/** On the disk when it resolves: the next thing that the uploader does may not be undone. */
async function replace(path: string, text: string): Promise<void> {
  const folder = dirname(path)
  await makeFolder(nodeFileSystem, folder)
  const file = await open(`${path}.new`, 'w', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
  const inFolder = await open(folder, 'r')
  try {
    await inFolder.sync()
  } finally {
    await inFolder.close()
  }
}
