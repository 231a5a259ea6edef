import { lstat, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { locate } from './mounted-root.ts'

/**
 * Regular files below `root` that match a pattern with `*`, `?`, `[…]` and `**` as parts of the path, hidden ones too; sorted.
 * What is named up to the first such part is taken as it is, links too; below it links are not followed, since they lead
 * anywhere. Our own, because the one of node:fs passes over names that begin with a dot. Throws the signal's reason.
 */
export async function globFiles(root: string, pattern: string, signal: AbortSignal): Promise<string[]> {
  const parts = pattern.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) return []
  const open = parts.findIndex(isOpen)
  const named = parts.slice(0, open === -1 ? parts.length : open).map((part) => `/${part}`)
  const at = named.join('')
  if (open === -1)
    return (
      await locate(root, at)
        .then(stat, () => undefined)
        .catch(() => undefined)
    )?.isFile()
      ? [at]
      : []
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
  for (const entry of await entriesOf(await locate(root, at), part)) {
    if (!isWanted(entry.name)) continue
    const path = `${at}/${entry.name}`
    if (entry.isDirectory() && (part === '**' || rest.length > 0)) await walk(search, path, part === '**' ? parts : rest)
    else if (entry.isFile() && rest.length === 0) found.add(path)
  }
}

/** A name without wildcards is asked for directly. */
async function entriesOf(folder: string, part: string) {
  if (isOpen(part)) return readdir(folder, { withFileTypes: true }).catch(() => [])
  const stats = await lstat(join(folder, part)).catch(() => undefined)
  return stats ? [{ name: part, isFile: () => stats.isFile(), isDirectory: () => stats.isDirectory() }] : []
}

const isOpen = (part: string) => /[*?[]/.test(part)

type Step = '*' | ((character: string) => boolean)

/** Compares a name with one part of a pattern, in time of at most their product. */
function matcher(part: string): (name: string) => boolean {
  const steps = [...part.matchAll(/\[(?<not>!?)(?<members>[^\]]+)\]|(?<star>\*+)|(?<one>[^])/gu)].map(({ groups = {} }): Step => {
    const { not, members, star, one } = groups
    if (star !== undefined) return '*'
    if (members !== undefined) return (character) => isMember(members, character) !== (not === '!')
    return one === '?' ? () => true : (character) => character === one
  })
  return (name) => matches(steps, Array.from(name))
}

/** `a-z` is a range; everything else stands for itself. */
function isMember(members: string, character: string): boolean {
  const parts = [...members.matchAll(/(?<from>[^])-(?<to>[^])|(?<one>[^])/gu)].map(({ groups = {} }) => groups)
  return parts.some(({ from = '', to, one }) => (to === undefined ? one === character : from <= character && character <= to))
}

function matches(steps: readonly Step[], name: readonly string[]): boolean {
  let step = 0
  let at = 0
  /** where to go on when the rest does not fit: the last star takes one character more */
  let retry: { step: number; at: number } | undefined
  while (at < name.length) {
    const wanted = steps[step]
    if (wanted === '*') retry = { step: ++step, at }
    else if (wanted?.(name[at] ?? '')) [step, at] = [step + 1, at + 1]
    else if (retry) [step, at] = [retry.step, ++retry.at]
    else return false
  }
  return steps.slice(step).every((one) => one === '*')
}
