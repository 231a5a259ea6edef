import { isAbsolute, relative, sep } from 'node:path'

/** What one task may touch of the file system. */
export interface Reach {
  read: readonly string[]
  write: readonly string[]
}

/** Trusted certificates of the system, which clients of TLS may look for. */
const OF_THE_SYSTEM = ['/etc/ssl']

/**
 * Arguments that make Node refuse all else: files, processes, threads, add-ons, WASI, the inspector. A signal opens no debugger,
 * and SQLite, which asks for no permission before it writes, is not there.
 */
export function confinement(libFolder: string, { read, write }: Reach): string[] {
  return [
    '--permission',
    '--disable-sigusr1',
    '--no-experimental-sqlite',
    ...[libFolder, ...OF_THE_SYSTEM, ...read].flatMap(withAllBelow).map((path) => `--allow-fs-read=${path}`),
    ...write.flatMap(withAllBelow).map((path) => `--allow-fs-write=${path}`),
  ]
}

/** A path that Node does not find, or that is a file, stands for itself alone: a folder that is not there is then refused, not missing. */
const withAllBelow = (path: string) => [path, `${path}/*`]

/** Why a reach is refused, or undefined. In Node's options `*` stands for anything and a comma begins another path. */
export function refusedReach(workFolder: string, { read, write }: Reach): string | undefined {
  const odd = [...read, ...write].find((path) => !isAbsolute(path) || /[*,]|(^|\/)\.\.?(\/|$)/.test(path))
  if (odd !== undefined) return `a path that is not plain and absolute: ${JSON.stringify(odd)}`
  const outside = write.find((path) => !isInside(workFolder, path))
  return outside === undefined ? undefined : `a folder to write that is not below ${workFolder}: ${JSON.stringify(outside)}`
}

const isInside = (folder: string, path: string) => {
  const way = relative(folder, path)
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`)
}
