import { mkdir, mkdtemp, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fail } from '../core/errors.ts'
import { storeError, systemCode } from '../core/store/file-system.ts'

/** Where a bundle goes, and a folder beside it to make it in: it is moved there by a rename once it is whole. */
export interface BundlePlace {
  target: string
  work: string
}

/**
 * A file as it was named, with .tar.gz; in a folder, the name that the peer's tool would give it. Folders are made. Throws
 * USAGE_FLAG_VALUE, or what the store throws of a file.
 */
export const placeBundle = (cwd: string, to: string | undefined, now: Date): Promise<BundlePlace> =>
  placeNamed('collect', cwd, to, `support-bundle-${now.toISOString().slice(0, 19).replaceAll(':', '_')}`)

/** The same for a bundle that has a name of its own: `name` is without .tar.gz. */
export async function placeNamed(command: string, cwd: string, to: string | undefined, name: string): Promise<BundlePlace> {
  const target = await targetOf(cwd, to, name)
  const folder = dirname(target)
  try {
    await makeFolder(folder)
    return { target, work: await mkdtemp(join(folder, '.support-bundle-')) }
  } catch (error) {
    if (systemCode(error) === 'ENOTDIR' || systemCode(error) === 'EEXIST')
      throw fail('USAGE_FLAG_VALUE', { flag: '--to', command, reason: `names no folder: ${folder}` }, error)
    throw storeError(error, folder)
  }
}

async function targetOf(cwd: string, to: string | undefined, name: string): Promise<string> {
  const path = resolve(cwd, to ?? '.')
  const isFolder = to === undefined || to.endsWith('/') || (await isThere(path, 'folder'))
  if (!isFolder) return path.endsWith('.tar.gz') ? path : `${path}.tar.gz`
  for (let count = 1; ; count++) {
    const file = join(path, `${name}${count === 1 ? '' : `-${count}`}.tar.gz`)
    if (!(await isThere(file, 'anything'))) return file
  }
}

const isThere = (path: string, what: 'folder' | 'anything') =>
  stat(path).then(
    (found) => what === 'anything' || found.isDirectory(),
    () => false,
  )

/** Not `recursive`, which never ends on file systems that call a folder missing which they do not let anyone make, like /proc. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder)
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOENT' && dirname(folder) !== folder && !(await isThere(dirname(folder), 'anything'))) {
      await makeFolder(dirname(folder))
      await mkdir(folder)
    } else if (!(await isThere(folder, 'folder'))) throw error
  }
}
