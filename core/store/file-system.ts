import fs from 'node:fs'
import { fail, ProductError, reasonOf } from '../errors.ts'

/** The calls that the file store makes: the seam at which tests let them fail. Errors carry `code`, as Node's do. */
export interface FileSystem {
  /** `wx` creates the file and refuses one that exists; `r` opens a folder to sync it */
  open(path: string, flags: 'wx' | 'r', mode?: number): Promise<OpenFile>
  readFile(path: string): Promise<Buffer>
  readdir(path: string): Promise<{ name: string; isDirectory(): boolean }[]>
  /** what tells one state of a file from another */
  stat(path: string): Promise<{ ino: bigint; size: bigint; mtimeNs: bigint }>
  /** makes parents too; answers with the topmost folder that it made */
  mkdir(path: string, mode: number): Promise<string | undefined>
  link(path: string, other: string): Promise<void>
  rename(path: string, other: string): Promise<void>
  unlink(path: string): Promise<void>
  /** may throw, or call `onError` later, when the system has no watches left */
  watch(folder: string, onChange: (name: string | null) => void, onError: () => void): { close(): void }
}

export interface OpenFile {
  /** answers with how many bytes were taken, which may be fewer than asked */
  write(bytes: Uint8Array, offset: number): Promise<number>
  sync(): Promise<void>
  close(): Promise<void>
}

export const nodeFileSystem: FileSystem = {
  async open(path, flags, mode) {
    const handle = await fs.promises.open(path, flags, mode)
    return {
      write: async (bytes, offset) => (await handle.write(bytes, offset)).bytesWritten,
      sync: () => handle.sync(),
      close: () => handle.close(),
    }
  },
  readFile: (path) => fs.promises.readFile(path),
  readdir: (path) => fs.promises.readdir(path, { withFileTypes: true }),
  stat: (path) => fs.promises.stat(path, { bigint: true }),
  mkdir: (path, mode) => fs.promises.mkdir(path, { mode, recursive: true }),
  link: (path, other) => fs.promises.link(path, other),
  rename: (path, other) => fs.promises.rename(path, other),
  unlink: (path) => fs.promises.unlink(path),
  watch: watchFolder,
}

/** For a program that has nothing else to do while it waits, as the CLI: a third of the work, and less code to load. */
export const syncFileSystem: FileSystem = {
  open: async (path, flags, mode) => {
    const handle = fs.openSync(path, flags, mode)
    return {
      write: async (bytes, offset) => fs.writeSync(handle, bytes, offset),
      sync: async () => fs.fsyncSync(handle),
      close: async () => fs.closeSync(handle),
    }
  },
  readFile: async (path) => fs.readFileSync(path),
  readdir: async (path) => fs.readdirSync(path, { withFileTypes: true }),
  stat: async (path) => fs.statSync(path, { bigint: true }),
  mkdir: async (path, mode) => fs.mkdirSync(path, { mode, recursive: true }),
  link: async (path, other) => fs.linkSync(path, other),
  rename: async (path, other) => fs.renameSync(path, other),
  unlink: async (path) => fs.unlinkSync(path),
  watch: watchFolder,
}

function watchFolder(folder: string, onChange: (name: string | null) => void, onError: () => void): { close(): void } {
  const watcher = fs.watch(folder, { persistent: false }, (_, name) => onChange(name))
  watcher.on('error', onError)
  return watcher
}

/** The code of a system error, like ENOENT. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** What `work` gives, or undefined if the file or folder that it asks for is not there. */
export async function ifThere<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

const FULL = new Set(['ENOSPC', 'EDQUOT'])
const FORBIDDEN = new Set(['EACCES', 'EPERM', 'EROFS'])

/** What `work` gives; a system error becomes STORE_FULL, STORE_FORBIDDEN or STORE_UNAVAILABLE about `path`. */
export async function catalogued<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw storeError(error, path)
  }
}

/** The catalogued form of a system error about `path`. What is no system error is given back: it is catalogued already, or a bug. */
export function storeError(error: unknown, path: string): unknown {
  const code = error instanceof ProductError ? undefined : systemCode(error)
  if (code === undefined) return error
  if (FULL.has(code)) return fail('STORE_FULL', { what: path }, error)
  // Node's messages repeat the call and the path: "EACCES: permission denied, open '/…'"
  const reason = /^\w+: ([^,]+),/.exec(reasonOf(error))?.[1] ?? reasonOf(error)
  return fail(FORBIDDEN.has(code) ? 'STORE_FORBIDDEN' : 'STORE_UNAVAILABLE', { what: path, reason }, error)
}
