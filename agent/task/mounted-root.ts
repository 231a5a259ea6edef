import { readlink } from 'node:fs/promises'
import { join } from 'node:path'

/** As many as the kernel follows. */
const MOST_LINKS = 40

/**
 * Where a path of the machine looked at lies: links in it lead to where they lead on that machine, and never out of the root that is
 * mounted here. Throws ELOOP. A path that is not there is not told from one that is.
 */
export async function locate(root: string, path: string): Promise<string> {
  if (root === '/') return path
  const todo = partsOf(path)
  const found: string[] = []
  for (let links = 0; todo.length > 0;) {
    const part = todo.shift() ?? ''
    if (part === '..') found.pop()
    if (part === '..') continue
    const target = await linkAt(join(root, ...found, part))
    if (target === undefined) found.push(part)
    else {
      if (++links > MOST_LINKS)
        throw Object.assign(new Error(`ELOOP: too many symbolic links, open '${path}'`), { code: 'ELOOP' })
      if (target.startsWith('/')) found.length = 0
      todo.unshift(...partsOf(target))
    }
  }
  return join(root, ...found)
}

const partsOf = (path: string) => path.split('/').filter((part) => part !== '' && part !== '.')

/** Where a link leads; undefined for what is none, or cannot be looked at: who opens it is told. */
const linkAt = (path: string): Promise<string | undefined> => readlink(path).catch(() => undefined)

/** Of the image: it has no shell, and this. */
const CHROOT = '/usr/sbin/chroot'
/** It ends with 125 when it could not change the root, 126 or 127 when it could not run the command; so may the command itself. */
const COULD_NOT_RUN = /^(?:\S*\/)?chroot: (?:failed to run command .*?: )?(?<reason>.*)$/m
/** Some tools of the machine's own do nothing once they notice that they run in another root, which is the right one here. */
export const IN_ROOT_ENV = { SYSTEMD_IGNORE_CHROOT: '1' }

/** The command that runs another one in a root. */
export const inRoot = (root: string, command: string, args: readonly string[]): [string, string[]] => [
  CHROOT,
  [root, command, ...args],
]

/** Why `chroot` did not run the command, as starting it would have failed without; undefined when it ran. */
export function notRun(command: string, { exitCode, stderr }: { exitCode: number; stderr: string }): Error | undefined {
  if (exitCode < 125 || exitCode > 127) return undefined
  const { reason } = COULD_NOT_RUN.exec(stderr)?.groups ?? {}
  if (reason === undefined) return undefined
  return Object.assign(new Error(`${command} could not be run: ${reason}`), { code: exitCode === 127 ? 'ENOENT' : 'EACCES' })
}
