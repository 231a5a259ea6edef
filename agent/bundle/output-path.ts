import { fail } from '../../core/errors.ts'

/** Paths that only the host writes. */
const RESERVED = ['version.yaml', 'analysis.json', 'skipped-collectors.json']
export const OWN_FOLDER = 'support-bundle-schedule'

const RULES: { isBroken: (path: string) => boolean; reason: string }[] = [
  { isBroken: (path) => path === '', reason: 'it is empty' },
  { isBroken: (path) => path.startsWith('/') || /^[A-Za-z]:/.test(path), reason: 'it is absolute' },
  { isBroken: (path) => path.includes('\\'), reason: 'it holds a backslash' },
  {
    isBroken: (path) => path.split('/').some((part) => part === '' || part === '.' || part === '..'),
    reason: 'it has an empty, "." or ".." part',
  },
  { isBroken: (path) => /[\u0000-\u001f\u007f]/.test(path), reason: 'it holds a control character' },
  {
    isBroken: (path) => path.split('/').some((part) => Buffer.byteLength(part) > 255),
    reason: 'a part of it is longer than 255 bytes',
  },
  { isBroken: (path) => Buffer.byteLength(path) > 1024, reason: 'it is longer than 1024 bytes' },
  { isBroken: (path) => RESERVED.includes(path) || path.split('/')[0] === OWN_FOLDER, reason: 'the name is reserved' },
]

/** Throws OUTPUT_PATH unless a collector's path stays inside the bundle wherever it is unpacked. */
export function checkOutputPath(path: string): void {
  const broken = RULES.find((rule) => rule.isBroken(path))
  if (broken) throw fail('OUTPUT_PATH', { path: JSON.stringify(path).slice(1, -1).slice(0, 200), reason: broken.reason })
}

/** The target of a link from one path of the bundle to another, relative to the link's own folder. */
export function linkTarget(from: string, to: string): string {
  const a = from.split('/').slice(0, -1)
  const b = to.split('/')
  let shared = 0
  while (shared < a.length && shared < b.length - 1 && a[shared] === b[shared]) shared++
  return [...a.slice(shared).map(() => '..'), ...b.slice(shared)].join('/')
}
