import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Regular files below `root` that match a pattern with `*`, `?`, `[…]` and `**` as parts of the path, hidden ones too;
 * sorted, links are not followed. Our own, because the one of node:fs passes over names that begin with a dot.
 */
export async function globFiles(root: string, pattern: string): Promise<string[]> {
  const parts = pattern.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) return []
  const found = new Set<string>()
  await walk(root, '', parts, found)
  return [...found].toSorted()
}

async function walk(root: string, at: string, parts: readonly string[], found: Set<string>): Promise<void> {
  const [part, ...rest] = parts
  if (part === undefined) {
    const stats = await lstat(join(root, at)).catch(() => undefined)
    if (stats?.isFile()) found.add(at)
    return
  }
  if (!isPattern(part)) return walk(root, `${at}/${part}`, rest, found)
  const entries = await readdir(join(root, at), { withFileTypes: true }).catch(() => [])
  if (part === '**') await walk(root, at, rest, found)
  const matches = part === '**' ? () => true : matcher(part)
  for (const entry of entries) {
    if (!matches(entry.name)) continue
    if (part === '**' && entry.isDirectory()) await walk(root, `${at}/${entry.name}`, parts, found)
    else if (part !== '**') await walk(root, `${at}/${entry.name}`, rest, found)
  }
}

const isPattern = (part: string) => /[*?[]/.test(part)

function matcher(part: string): (name: string) => boolean {
  const source = part.replaceAll(/\[!?[^\]]+\]|[*?]|[.+^${}()|\\[\]]/g, (piece) => {
    if (piece === '*') return '.*'
    if (piece === '?') return '.'
    return piece.length > 1 ? `[${piece.slice(1, -1).replace(/^!/, '^').replaceAll('\\', '\\\\')}]` : `\\${piece}`
  })
  const regex = new RegExp(`^${source}$`, 's')
  return (name) => regex.test(name)
}
