import { readdir, readFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import type { LoaderEdge } from './loader.ts'

/** The real file system and `import()`. A file URL, because a single executable's `require` knows only built-ins. */
export function loaderEdge(onImport: (path: string) => void): LoaderEdge {
  return {
    onImport,
    async folders(path) {
      const entries = await readdir(path, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return []
        throw error
      })
      return entries
        .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
        .map((entry) => entry.name)
        .toSorted()
    },
    readJson: async (path) => JSON.parse(await readFile(path, 'utf8')) as unknown,
    importDefault: async (path) => ((await import(pathToFileURL(path).href)) as { default?: unknown }).default,
  }
}
