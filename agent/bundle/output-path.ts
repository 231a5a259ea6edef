import { fail } from '../../core/errors.ts'

export const OWN_FOLDER = 'support-bundle-schedule'
export const ERRORS_FOLDER = 'collector-errors'
/** What only the host writes. */
const RESERVED = ['version.yaml', 'analysis.json', 'skipped-collectors.json', OWN_FOLDER, ERRORS_FOLDER]

const RESERVED_REASON = 'the name is reserved'

type Rule = { isBroken: (path: string, parts: string[]) => boolean; reason: string }

const RULES: readonly Rule[] = [
  { isBroken: (path) => path === '', reason: 'it is empty' },
  { isBroken: (path) => path.startsWith('/') || /^[A-Za-z]:/.test(path), reason: 'it is absolute' },
  { isBroken: (path) => path.includes('\\'), reason: 'it holds a backslash' },
  // Windows drops dots and blanks at the end of a name: ". ." and ".. " lead out of a folder there.
  { isBroken: (_, parts) => parts.some((part) => /^[. ]*$/.test(part)), reason: 'it has a part of nothing but dots and blanks' },
  { isBroken: (path) => /[\u0000-\u001f\u007f-\u009f]/.test(path), reason: 'it holds a control character' },
  { isBroken: (path) => !path.isWellFormed(), reason: 'it holds half a character' },
  {
    isBroken: (_, parts) => parts.some((part) => Buffer.byteLength(part) > 255),
    reason: 'a part of it is longer than 255 bytes',
  },
  { isBroken: (path) => Buffer.byteLength(path) > 1024, reason: 'it is longer than 1024 bytes' },
  // Where names differ only by case they may be one file.
  { isBroken: (_, parts) => RESERVED.includes((parts[0] ?? '').toLowerCase()), reason: RESERVED_REASON },
]

/** Most paths: nothing in them is special anywhere. */
const PLAIN = /^[A-Za-z0-9_][\w.-]*(?:\/[A-Za-z0-9_][\w.-]*)*$/
const PLAIN_LENGTH = 255

function isPlain(path: string): boolean {
  if (path.length > PLAIN_LENGTH || !PLAIN.test(path)) return false
  const slash = path.indexOf('/')
  return !RESERVED.includes((slash === -1 ? path : path.slice(0, slash)).toLowerCase())
}

/** Throws OUTPUT_PATH unless a collector's path stays inside the bundle wherever it is unpacked. */
export function checkOutputPath(path: string): void {
  if (typeof path !== 'string') throw fail('OUTPUT_PATH', { path: typeof path, reason: 'it is no text' })
  if (isPlain(path)) return
  const parts = path.split('/')
  const broken = RULES.find((rule) => rule.isBroken(path, parts))
  if (broken) throw fail('OUTPUT_PATH', { path: printable(path), reason: broken.reason })
}

/** The same for what lies in an archive already, where the host's own files have their names too. */
export function checkEntryPath(path: string): void {
  const parts = path.split('/')
  const broken = RULES.find((rule) => rule.reason !== RESERVED_REASON && rule.isBroken(path, parts))
  if (broken) throw fail('OUTPUT_PATH', { path: printable(path), reason: broken.reason })
}

/** For messages: escaped, and not longer than a line. */
const printable = (path: string) =>
  JSON.stringify(path.slice(0, 200))
    .slice(1, -1)
    .replaceAll(/[\u007f-\u009f]/g, (one) => `\\u00${one.charCodeAt(0).toString(16)}`)

/** Which names the bundle has: each is used once, and no file stands where another needs a folder. */
export interface PathRegister {
  /** Takes all of them or none. Throws OUTPUT_PATH or OUTPUT_REFUSED. */
  reserve(paths: readonly string[]): void
  /** true for a name that could be taken now, as far as others are concerned */
  isFree(path: string): boolean
  /** Notes the sum of what a name stands for, as hexadecimal digits. The host's own names come by this alone. */
  sum(path: string, sha256: string): void
  /** names that have a sum, with it, in the order of their names' taking */
  sums(): Iterable<readonly [path: string, sha256: string]>
}

export function createPathRegister(): PathRegister {
  /** with the bytes of the sum, or nothing: there may be a hundred thousand */
  const files = new Map<string, string>()
  const folders = new Set<string>()
  /** Of most files the folder is there already, which says all about what is above it. */
  const isPlainNew = (path: string) =>
    folders.has(path.slice(0, path.lastIndexOf('/'))) && isPlain(path) && !files.has(path) && !folders.has(path)
  return {
    sum: (path, sha256) => void files.set(path, Buffer.from(sha256, 'hex').toString('latin1')),
    *sums() {
      for (const [path, sum] of files) if (sum !== '') yield [path, Buffer.from(sum, 'latin1').toString('hex')] as const
    },
    isFree: (path) => !files.has(path) && !folders.has(path) && !foldersOf(path).some((folder) => files.has(folder)),
    reserve(paths) {
      if (paths.length === 1 && isPlainNew(paths[0] ?? '')) return void files.set(paths[0] ?? '', '')
      for (const [index, path] of paths.entries()) {
        checkOutputPath(path)
        const above = foldersOf(path)
        const others = paths.slice(0, index)
        const isTaken = files.has(path) || others.includes(path)
        const isCrossed =
          folders.has(path) ||
          above.some((one) => files.has(one) || others.includes(one)) ||
          others.some((other) => foldersOf(other).includes(path))
        const remedy = 'give the entries different names'
        if (isTaken) throw fail('OUTPUT_REFUSED', { path, reason: 'the path was used before', remedy })
        if (isCrossed) throw fail('OUTPUT_REFUSED', { path, reason: 'one path cannot be both a file and a folder', remedy })
      }
      for (const path of paths) {
        files.set(path, '')
        for (const folder of foldersOf(path)) folders.add(folder)
      }
    },
  }
}

function foldersOf(path: string): string[] {
  const folders: string[] = []
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) folders.push(path.slice(0, at))
  return folders
}

/** The target of a link from one path of the bundle to another, relative to the link's own folder. */
export function linkTarget(from: string, to: string): string {
  const a = from.split('/').slice(0, -1)
  const b = to.split('/')
  let shared = 0
  while (shared < a.length && shared < b.length - 1 && a[shared] === b[shared]) shared++
  return [...a.slice(shared).map(() => '..'), ...b.slice(shared)].join('/')
}
