import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tarOf } from '../../../tools/image/tar.ts'

let top: string
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'tar-'))
})
afterEach(() => rmSync(top, { recursive: true }))

const LONG = `${'folder-with-a-long-name/'.repeat(6)}file`
const FILES = [
  ['a/one.txt', '1'],
  ['a.txt', 'x'.repeat(512)],
  ['b', ''],
  [LONG, 'deep'],
] as const

function folderOf(name: string, files: readonly (readonly [string, string])[], mtime: number): string {
  const folder = join(top, name)
  for (const [path, text] of files) {
    mkdirSync(join(folder, path, '..'), { recursive: true })
    writeFileSync(join(folder, path), text)
    chmodSync(join(folder, path), 0o640)
    utimesSync(join(folder, path), mtime, mtime)
  }
  return folder
}

const bytesOf = (folder: string) => buffer(tarOf(folder))
const listed = (tar: Buffer) =>
  execFileSync('tar', ['--numeric-owner', '--full-time', '--utc', '-tvf', '-'], { input: tar, encoding: 'utf8' })
    .trimEnd()
    .split('\n')

describe('tarOf', () => {
  it('gives the same bytes for the same files, whatever their times and the order in which they were made', async () => {
    const first = await bytesOf(folderOf('first', FILES, 1_000))
    expect(await bytesOf(folderOf('second', FILES.toReversed(), 2_000_000_000))).toEqual(first)
    expect(await bytesOf(folderOf('third', FILES.slice(1), 1_000))).not.toEqual(first)
  })

  it('sorts names by their bytes, zeroes times and owners, and keeps modes', async () => {
    const folder = folderOf('own', FILES.slice(0, 3), 1_000)
    mkdirSync(join(folder, 'tmp'))
    chmodSync(join(folder, 'tmp'), 0o1777)
    chmodSync(join(folder, 'a'), 0o755)
    expect(listed(await bytesOf(folder)).map((line) => line.replaceAll(/ +/g, ' '))).toEqual([
      'drwxr-xr-x 0/0 0 1970-01-01 00:00:00 a/',
      '-rw-r----- 0/0 512 1970-01-01 00:00:00 a.txt',
      '-rw-r----- 0/0 1 1970-01-01 00:00:00 a/one.txt',
      '-rw-r----- 0/0 0 1970-01-01 00:00:00 b',
      'drwxrwxrwt 0/0 0 1970-01-01 00:00:00 tmp/',
    ])
  })

  it('is unpacked by tar to what it was made from, a path longer than its field too', async () => {
    const folder = folderOf('whole', FILES, 1_000)
    const out = join(top, 'out')
    mkdirSync(out)
    execFileSync('tar', ['-xf', '-', '-C', out], { input: await bytesOf(folder) })
    for (const [path, text] of FILES) expect(readFileSync(join(out, path), 'utf8')).toBe(text)
    const bytes = await bytesOf(folder)
    expect(bytes.length % 512).toBe(0)
    expect(bytes.subarray(-1024).equals(Buffer.alloc(1024))).toBe(true) // else readers other than GNU's take it for cut off
  })

  it('refuses what a root folder should not hold, and a path that does not fit', async () => {
    const folder = folderOf('odd', FILES, 1_000)
    symlinkSync('b', join(folder, 'c'))
    await expect(bytesOf(folder)).rejects.toThrow('neither a file nor a folder')
    await expect(bytesOf(folderOf('long', [['x'.repeat(101), '']], 1_000))).rejects.toThrow('too long a path')
  })
})
