import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A package that the product is built from, as package-lock.json has it. */
export interface Package {
  /** below the repository: `node_modules/a/node_modules/b` */
  path: string
  name: string
  version: string
  /** SPDX, as its author wrote it */
  license: string
  /** `sha512-<base64>` */
  integrity: string
  /** paths of the packages it needs */
  needs: string[]
}

interface LockEntry {
  version: string
  license?: string
  integrity?: string
  dev?: boolean
  optional?: boolean
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
}

interface Lock {
  version: string
  packages: Record<string, LockEntry>
}

/** SPDX's word for it */
export const UNKNOWN_LICENSE = 'NOASSERTION'

const MODULES = 'node_modules/'

/** The lockfile of the repository in `root`. */
export function readLock(root: string): Lock {
  return JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock
}

/** All that the product depends on in production, and what that depends on, by path. No programs for one processor only. */
export function productionPackages(lock: Lock): Package[] {
  return Object.entries(lock.packages)
    .filter(([path, entry]) => path && !entry.dev && !(entry.optional && nameOf(path).startsWith('node-linux-')))
    .map(([path, entry]) => ({
      path,
      name: nameOf(path),
      version: entry.version,
      license: entry.license ?? UNKNOWN_LICENSE,
      integrity: entry.integrity ?? '',
      needs: neededBy(path, lock),
    }))
}

/** Paths of the packages that the one at `path` needs; '' is the product itself. */
export function neededBy(path: string, lock: Lock): string[] {
  const { dependencies, optionalDependencies } = lock.packages[path] ?? {}
  // of the product itself they are programs for one processor
  const names = Object.keys({ ...dependencies, ...(path === '' ? {} : optionalDependencies) })
  return names.flatMap((name) => resolvePackage(name, path, lock) ?? [])
}

/** As Node does: in the package's own folder, then in those above. */
function resolvePackage(name: string, from: string, lock: Lock): string | undefined {
  const path = `${from && `${from}/`}${MODULES}${name}`
  if (lock.packages[path]) return path
  return from ? resolvePackage(name, from.slice(0, Math.max(0, from.lastIndexOf(MODULES) - 1)), lock) : undefined
}

const nameOf = (path: string) => path.slice(path.lastIndexOf(MODULES) + MODULES.length)

/** What package.json says of the product. */
export function readProduct(root: string): { version: string; description: string } {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string; description: string }
}
