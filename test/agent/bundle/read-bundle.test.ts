import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readBundle } from '../../../agent/bundle/read-bundle.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sbs-read-'))
  await mkdir(join(folder, 'a'))
  await writeFile(join(folder, 'version.yaml'), 'kind: SupportBundle\n')
  await writeFile(join(folder, 'a/small'), '12345')
  await writeFile(join(folder, 'a/large'), '123456')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function read(wants: (path: string) => boolean, signal = new AbortController().signal) {
  const seen: string[] = []
  const file = (path: string, bytes: Uint8Array) => void seen.push(`${path}=${Buffer.from(bytes).toString()}`)
  return { ...(await readBundle(folder, { wants, file }, 5, signal)), seen }
}

// Archives, links and broken ones: test/agent/task/analyze.test.ts.
describe('readBundle', () => {
  it('shows what is wanted, up to a size, and names what is larger', async () => {
    expect(await read((path) => path.startsWith('a/'))).toEqual({ files: 3, seen: ['a/small=12345'], tooLarge: ['a/large'] })
  })

  it('adds up the pieces of a file', async () => {
    await writeFile(join(folder, 'a/pieces'), Buffer.alloc(200_000))
    const visitor = { wants: (path: string) => path === 'a/pieces', file: () => undefined }
    const { tooLarge } = await readBundle(folder, visitor, 199_999, new AbortController().signal)
    expect(tooLarge).toEqual(['a/pieces'])
  })

  it('names the links to what is too large', async () => {
    await symlink('a/large', join(folder, 'link'))
    expect(await read((path) => path === 'link')).toMatchObject({ seen: [], tooLarge: ['link'] })
  })

  it.each([100, 9_000_000, 20_000_000])('shows a file of %d bytes as it is', async (size) => {
    const bytes = Buffer.alloc(size, Buffer.from(Array.from({ length: 251 }, (_, n) => n)))
    await writeFile(join(folder, 'a/whole'), bytes)
    let isSame = false
    const visitor = {
      wants: (path: string) => path === 'a/whole',
      file: (_: string, seen: Uint8Array) => void (isSame = bytes.equals(seen)),
    }
    await readBundle(folder, visitor, 64 * 2 ** 20, new AbortController().signal)
    expect(isSame).toBe(true)
  })

  it('follows no link out of the bundle', async () => {
    await symlink('/etc/hostname', join(folder, 'out'))
    await symlink('../up', join(folder, 'a/up'))
    await symlink('../../../../etc/hostname', join(folder, 'a/far'))
    expect((await read(() => true)).seen.map((line) => line.split('=')[0])).toEqual(['a/small'])
  })

  it('ends when it is told to', async () => {
    const stop = new AbortController()
    stop.abort(new Error('enough'))
    await expect(read(() => true, stop.signal)).rejects.toThrow('enough')
  })
})
