import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** What an uploader keeps between its tries: ids of parts, offsets. Losing it costs a new beginning, no more. */
export interface TryState {
  /** undefined when there is none, or none that can be read */
  read(): Promise<unknown>
  /** replaces it, in the order of the calls */
  write(value: unknown): void
  /** resolves when all that was written is there; rejects when the last of it could not be kept */
  written(): Promise<void>
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
    write(value) {
      last = last.catch(() => undefined).then(() => replace(path, JSON.stringify(value) ?? 'null'))
      // Looked at by `written`; until then nobody waits for it.
      last.catch(() => undefined)
    },
    written: () => last,
  }
}

async function replace(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await writeFile(`${path}.new`, text, { mode: 0o600 })
  await rename(`${path}.new`, path)
}
