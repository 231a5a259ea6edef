import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createHost, type HostEdge } from '../../../agent/task/host.ts'

let root: string
beforeEach(async () => void (root = await mkdtemp(join(tmpdir(), 'sbs-host-'))))
afterEach(() => rm(root, { recursive: true, force: true }))

const clock = { now: () => new Date(0), monotonicMs: () => 0, sleep: () => new Promise<void>(() => {}) }
const hostAt = (change: Partial<HostEdge> = {}) =>
  createHost({ root, platform: 'linux', env: {}, clock, signal: new AbortController().signal, ...change })
async function write(path: string, content: string | Uint8Array = path): Promise<void> {
  await mkdir(join(root, path, '..'), { recursive: true })
  await writeFile(join(root, path), content)
}
async function bytesOf(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of source) pieces.push(piece)
  return Buffer.concat(pieces)
}
const read = (path: string, host = hostAt()) => bytesOf(host.read(path)())

describe('read', () => {
  it('gives a file below the root, lazily, each time anew', async () => {
    const content = Buffer.from(Array.from({ length: 600_000 }, (_, index) => index % 251))
    const open = hostAt().read('/var/log/app.log')
    await write('/var/log/app.log', content)
    expect(Buffer.compare(await bytesOf(open()), content)).toBe(0)
    expect(Buffer.compare(await bytesOf(open()), content)).toBe(0)
  })

  it('gives pieces that stay as they are', async () => {
    await write('/a', Buffer.concat([Buffer.alloc(300_000, 1), Buffer.alloc(300_000, 2)]))
    const pieces = []
    for await (const piece of hostAt().read('/a')()) pieces.push(piece)
    expect(pieces.length).toBeGreaterThan(1)
    expect(pieces[0]?.every((byte) => byte === 1)).toBe(true)
  })

  it('reads files that tell no size', async () => {
    expect((await read('/proc/self/status', hostAt({ root: '/' }))).toString()).toContain('Name:')
  })

  it.each([
    ['a file that is missing', '/none', /ENOENT/],
    ['a folder', '/folder', /not a regular file/],
    ['a FIFO, which nobody writes', '/fifo', /not a regular file/],
    ['a link to a FIFO', '/to-fifo', /not a regular file/],
    ['a link to nothing', '/dangling', /ENOENT/],
  ])('%s throws', async (_, path, want) => {
    await mkdir(join(root, 'folder'))
    execFileSync('mkfifo', [join(root, 'fifo')])
    await symlink('fifo', join(root, 'to-fifo'))
    await symlink('nowhere', join(root, 'dangling'))
    await expect(read(path)).rejects.toThrow(want)
  })

  it('a device throws, and is not read', async () => {
    await expect(read('/dev/zero', hostAt({ root: '/' }))).rejects.toThrow('not a regular file')
  })

  it('closes the file when its reader has enough', async () => {
    await write('/a', Buffer.alloc(1_000_000))
    const openFiles = () => readdirSync('/proc/self/fd').length
    const before = openFiles()
    for (let index = 0; index < 20; index++) for await (const piece of hostAt().read('/a')()) if (piece) break
    expect(openFiles()).toBeLessThanOrEqual(before + 1)
  })
})

describe('glob', () => {
  const glob = (pattern: string) => hostAt().glob(pattern)
  beforeEach(async () => {
    for (const path of [
      '/log/b.log',
      '/log/a.log',
      '/log/.hidden.log',
      '/log/sub/deep/c.log',
      '/log/sub/.d/e.log',
      '/log/x1',
      '/log/x2',
      '/log/xx',
      '/log/[x]',
      '/log/a b',
      '/other/secret.log',
    ])
      await write(path)
    await symlink('a.log', join(root, 'log/link.log'))
    await symlink('../other', join(root, 'log/out'))
    await symlink('log', join(root, 'current'))
    await symlink('..', join(root, 'log/sub/loop'))
    execFileSync('mkfifo', [join(root, 'log/fifo.log')])
  })

  it.each([
    ['/log/*.log', ['/log/.hidden.log', '/log/a.log', '/log/b.log']],
    ['/log/.*', ['/log/.hidden.log']],
    ['/log/?.log', ['/log/a.log', '/log/b.log']],
    ['/log/x[12]', ['/log/x1', '/log/x2']],
    ['/log/x[!1]', ['/log/x2', '/log/xx']],
    ['/log/x[0-9]', ['/log/x1', '/log/x2']],
    ['/log/[[]x]', ['/log/[x]']],
    ['/log/x[', []],
    ['/log/**/c.log', ['/log/sub/deep/c.log']],
    ['/log/**/*.log', ['/log/.hidden.log', '/log/a.log', '/log/b.log', '/log/sub/.d/e.log', '/log/sub/deep/c.log']],
    ['/log/sub/**', ['/log/sub/.d/e.log', '/log/sub/deep/c.log']],
    ['/**/deep/*', ['/log/sub/deep/c.log']],
    ['/*/a.log', ['/log/a.log']],
    ['//log/./a.log', ['/log/a.log']],
    ['/log/a b', ['/log/a b']],
    ['/log/none', []],
    ['/none/**', []],
    ['/log/a.log/**', []],
    ['/log', []],
    ['/', []],
  ])('%s', async (pattern, want) => expect(await glob(pattern)).toEqual(want))

  it('takes what is named as it is, links too, but follows none below it', async () => {
    expect(await glob('/log/link.log')).toEqual(['/log/link.log'])
    expect(await glob('/current/*.log')).toEqual(['/current/.hidden.log', '/current/a.log', '/current/b.log'])
    expect(await glob('/log/out/*')).toEqual(['/log/out/secret.log'])
    for (const pattern of ['/log/*/secret.log', '/log/o*/*', '/log/**/secret.log', '/*/out/secret.log', '/log/l*.log'])
      expect([pattern, await glob(pattern)]).toEqual([pattern, []])
  })

  it('finds no special files, and nothing above the root', async () => {
    expect(await glob('/log/fifo.log')).toEqual([])
    expect(await glob('/log/f*')).toEqual([])
    for (const pattern of ['/../*', '/log/../other/*', '/log/**/../*'])
      expect([pattern, await glob(pattern)]).toEqual([pattern, []])
  })

  it('is quick for patterns that make others slow', async () => {
    await write(`/slow/${'a'.repeat(250)}`)
    expect(await glob(`/slow/${'*a'.repeat(40)}*b`)).toEqual([])
    expect(await glob(`/slow/${'*a'.repeat(40)}*`)).toHaveLength(1)
  })

  it('stops when the signal says so', async () => {
    await expect(hostAt({ signal: AbortSignal.abort(new Error('over')) }).glob('/**')).rejects.toThrow('over')
  })
})

describe('usage', () => {
  it('gives bytes of the file system', async () => {
    await write('/a')
    await truncate(join(root, 'a'), 10)
    const { totalBytes, usedBytes } = await hostAt().usage('/a')
    expect(totalBytes).toBeGreaterThan(usedBytes)
    expect(usedBytes).toBeGreaterThanOrEqual(0)
    await expect(hostAt().usage('/none')).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

describe('exec', () => {
  it('runs nothing of ours when the root is only mounted', async () => {
    await expect(hostAt().exec('true', [])).rejects.toThrow('true could not be run: ')
  })
})
