import { lstat, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Regular files below `root` that match a pattern with `*`, `?`, `[…]` and `**` as parts of the path, hidden ones too; sorted.
 * What is named up to the first such part is taken as it is, links too; below it links are not followed, since they lead
 * anywhere. Our own, because the one of node:fs passes over names that begin with a dot. Throws the signal's reason.
 */
export async function globFiles(root: string, pattern: string, signal: AbortSignal): Promise<string[]> {
  const parts = pattern.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) return []
  const open = parts.findIndex((part) => /[*?[]/.test(part))
  const named = parts.slice(0, open === -1 ? parts.length : open).map((part) => `/${part}`)
  const at = named.join('')
  if (open === -1) return (await stat(join(root, at)).catch(() => undefined))?.isFile() ? [at] : []
  const found = new Set<string>()
  await walk({ root, found, signal }, at, parts.slice(open))
  return [...found].toSorted()
}

interface Search {
  root: string
  found: Set<string>
  signal: AbortSignal
}

/** `at` is a folder; what matches the first of `parts` is looked for in it. */
async function walk(search: Search, at: string, parts: readonly string[]): Promise<void> {
  const { root, found, signal } = search
  const [part = '', ...rest] = parts
  if (part === '**' && rest.length > 0) await walk(search, at, rest)
  signal.throwIfAborted()
  const isWanted = part === '**' ? () => true : matcher(part)
  for (const entry of await entriesOf(join(root, at), part)) {
    if (!isWanted(entry.name)) continue
    const path = `${at}/${entry.name}`
    if (entry.isDirectory() && (part === '**' || rest.length > 0)) await walk(search, path, part === '**' ? parts : rest)
    else if (entry.isFile() && rest.length === 0) found.add(path)
  }
}
