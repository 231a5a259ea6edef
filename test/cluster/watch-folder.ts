import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../core/clock.ts'

/** What was seen of a folder while it was watched. */
export interface Seen {
  /** each forbidden word, and in which file it stood */
  leaks: string[]
  /** files with redacted outputs that wait to be archived */
  staged: string[]
}

/** Looks at every file below a folder, again and again, until the function that it gives is called. */
export function watchFolder(folder: string, forbidden: readonly string[]): () => Promise<Seen> {
  const leaks = new Set<string>()
  const staged = new Set<string>()
  const over = new AbortController()
  const look = async () => {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])) {
      if (!entry.isFile()) continue
      const bytes = await readFile(join(entry.parentPath, entry.name)).catch(() => Buffer.alloc(0))
      if (entry.name.startsWith('staged-') && bytes.length > 0) staged.add(entry.name)
      for (const word of forbidden) if (bytes.includes(word)) leaks.add(`${word} in ${entry.name}`)
    }
  }
  const looking = (async () => {
    while (!over.signal.aborted) {
      await look()
      await systemClock.sleep(2)
    }
    await look()
  })()
  return async () => {
    over.abort()
    await looking
    return { leaks: [...leaks], staged: [...staged] }
  }
}
