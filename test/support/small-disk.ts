import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A small disk, where root may mount one; `size` as mount(8) takes it, like `4m`. Gives what takes it away; undefined: it may not. */
export function smallDisk(path: string, size: string): (() => void) | undefined {
  try {
    mkdirSync(path, { recursive: true })
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'none', path], { stdio: 'ignore' })
    return () => void execFileSync('/bin/umount', ['-l', path])
  } catch {
    return undefined
  }
}
/** False: tests of a full disk have to be skipped. */
export const canMount = (() => {
  const folder = join(tmpdir(), `sbs-probe-disk-${process.pid}`)
  const unmount = smallDisk(folder, '64k')
  unmount?.()
  rmSync(folder, { recursive: true, force: true })
  return unmount !== undefined
})()
