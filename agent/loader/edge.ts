import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Clock } from '../../core/clock.ts'
import type { LoaderEdge } from './loader.ts'

/** Longest that the top level of a module may take. */
const IMPORT_MS = 10_000

/** The real file system and `import()`. A file URL, because a single executable's `require` knows only built-ins. */
export function loaderEdge(clock: Clock, onImport: (path: string) => void): LoaderEdge {
  return {
    onImport,
    async folders(path) {
      const names = await readdir(path).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return []
        throw error
      })
      // Names with a dot are never plug-ins: mounted volumes keep their versions in `..data`, checkouts have a `.git`.
      const visible = names.filter((name) => !name.startsWith('.')).toSorted()
      const isFolder = await Promise.all(
        visible.map((name) =>
          stat(join(path, name)).then(
            (found) => found.isDirectory(),
            () => false,
          ),
        ),
      )
      return visible.filter((_, index) => isFolder[index])
    },
    readJson: async (path) => JSON.parse(await readFile(path, 'utf8')) as unknown,
    async importDefault(path) {
      const imported = new AbortController()
      const late = clock.sleep(IMPORT_MS, imported.signal).then(() => {
        throw new Error(`its top level did not end within ${IMPORT_MS / 1000} s`)
      })
      late.catch(() => undefined)
      const module = import(pathToFileURL(path).href) as Promise<{ default?: unknown }>
      try {
        return (await Promise.race([module, late])).default
      } finally {
        imported.abort(new Error('imported'))
      }
    },
  }
}
