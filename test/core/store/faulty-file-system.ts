import type { FileSystem, OpenFile } from '../../../core/store/file-system.ts'
import { failure } from './memory-file-system.ts'

export type Call = 'open' | 'write' | 'sync' | 'close' | 'readFile' | 'readdir' | 'stat' | 'mkdir' | 'link' | 'rename' | 'unlink'
/** A code fails that one call; `crash` fails it and all later ones, as if the process were gone; a number is a short write. */
export type Fault = { code: string } | 'crash' | number

/** Calls `fault` before each call, and does to the call what it says. The error of a crash has no code: nothing can handle it. */
export function faulty(fs: FileSystem, fault: (call: Call, path: string, step: number) => Fault | undefined): FileSystem {
  let step = 0
  let isDead = false
  const attempt = async <T>(call: Call, path: string, work: () => Promise<T>): Promise<T> => {
    const found = isDead ? 'crash' : fault(call, path, step++)
    isDead ||= found === 'crash'
    if (found === 'crash') throw new Error('crashed')
    if (typeof found === 'object') throw failure(found.code)
    return work()
  }
  const wrap = (path: string, file: OpenFile): OpenFile => ({
    async write(bytes, offset) {
      const found = isDead ? 'crash' : fault('write', path, step++)
      if (found === undefined) return file.write(bytes, offset)
      // what a crash or a full disk leaves is a part
      const part = typeof found === 'number' ? found : Math.floor((bytes.length - offset) / 2)
      const written = isDead ? 0 : await file.write(bytes.subarray(0, offset + part), offset)
      if (found === 'crash') isDead = true
      if (found === 'crash') throw new Error('crashed')
      if (typeof found === 'object') throw failure(found.code)
      return written
    },
    sync: () => attempt('sync', path, () => file.sync()),
    async close() {
      const closing = attempt('close', path, () => file.close())
      await closing.catch(() => file.close()) // a test must not leak files
      return closing
    },
  })
  return {
    open: (path, flags, mode) => attempt('open', path, async () => wrap(path, await fs.open(path, flags, mode))),
    readFile: (path) => attempt('readFile', path, () => fs.readFile(path)),
    readdir: (path) => attempt('readdir', path, () => fs.readdir(path)),
    stat: (path) => attempt('stat', path, () => fs.stat(path)),
    mkdir: (path, mode) => attempt('mkdir', path, () => fs.mkdir(path, mode)),
    link: (path, other) => attempt('link', other, () => fs.link(path, other)),
    rename: (path, other) => attempt('rename', other, () => fs.rename(path, other)),
    unlink: (path) => attempt('unlink', path, () => fs.unlink(path)),
    watch: (folder, onChange, onError) => fs.watch(folder, onChange, onError),
  }
}
