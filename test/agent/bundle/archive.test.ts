import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { lstat, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createArchive } from '../../../agent/bundle/archive.ts'
import { Fatal } from '../../../agent/bundle/fatal.ts'
import { checkOutputPath, createPathRegister } from '../../../agent/bundle/output-path.ts'

let folder: string
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'sbs-archive-'))))
afterEach(() => rm(folder, { recursive: true, force: true }))

const AT = new Date('2026-01-01T02:00:00Z')
const start = (name = 'b.tar.gz') => createArchive(join(folder, name), 'top', AT)
const execute = promisify(execFile)

async function unpacked(archive: string): Promise<string> {
  const into = await mkdtemp(join(folder, 'out-'))
  const { stderr } = await execute('tar', ['-xzf', archive, '-C', into])
  expect(stderr).toBe('')
  return into
}

/** Names that collectors may use, also long ones and those of other scripts. */
const name = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9._ '"*?$%&;()-]{1,20}$/),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }),
  fc.stringMatching(/^[a-z]{120,150}$/),
)
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))

describe('an archive', () => {
  it('gives back all names and contents through the tar of the system', { timeout: 60_000 }, async () => {
    const content = fc.oneof(
      fc.uint8Array({ maxLength: 2000 }),
      fc.constantFrom(511, 512, 513, 65_535, 65_536, 65_537, 300_000).map((length) => new Uint8Array(length).fill(65)),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(path, content), { maxLength: 12 }), async (wanted) => {
        const register = createPathRegister()
        const entries = wanted.filter(([one]) => {
          try {
            checkOutputPath(one)
            register.reserve([one])
            return true
          } catch {
            return false
          }
        })
        const archive = start(`${Math.random()}.tar.gz`)
        for (const [index, [one, bytes]] of entries.entries()) {
          if (index % 2 === 0) await archive.add(one, bytes)
          else {
            const file = join(folder, 'staged')
            await writeFile(file, bytes)
            await archive.addFile(one, file, bytes.length)
          }
        }
        const facts = await archive.finish()
        expect(facts.files).toBe(entries.length)
        const whole = await readFile(facts.path)
        expect(facts).toMatchObject({ bytes: whole.length, sha256: createHash('sha256').update(whole).digest('hex') })
        const top = join(await unpacked(facts.path), 'top')
        for (const [one, bytes] of entries) expect([one, Buffer.compare(await readFile(join(top, one)), bytes)]).toEqual([one, 0])
        const found = entries.length === 0 ? [] : await readdir(top, { recursive: true, withFileTypes: true })
        expect(found.filter((entry) => entry.isFile())).toHaveLength(entries.length)
      }),
      { numRuns: 25 },
    )
  })

  it('keeps entries that are added at the same time apart, and in their order', async () => {
    const archive = start()
    await Promise.all(Array.from({ length: 50 }, (_, index) => archive.add(`f/${index}`, Buffer.alloc(10_000, index))))
    await archive.link('l/one', 'f/1')
    const { path: file } = await archive.finish()
    const { stdout } = await execute('tar', ['-tzf', file])
    expect(stdout.trim().split('\n')).toEqual([...Array.from({ length: 50 }, (_, index) => `top/f/${index}`), 'top/l/one'])
    const top = join(await unpacked(file), 'top')
    expect(await readlink(join(top, 'l/one'))).toBe('../f/1')
    expect(await readFile(join(top, 'l/one'))).toEqual(Buffer.alloc(10_000, 1))
  })

  it('keeps what it was given, also when the buffer is filled anew while it waits for others', async () => {
    const archive = start()
    const first = archive.add('first', Buffer.alloc(3_000_000))
    const buffer = Buffer.from('precious')
    const second = archive.add('second', buffer)
    buffer.fill('x')
    await Promise.all([first, second])
    const { path: file } = await archive.finish()
    expect(await readFile(join(await unpacked(file), 'top', 'second'), 'utf8')).toBe('precious')
  })

  it('is written while it grows, and readable by its owner only', async () => {
    const archive = start()
    expect((await lstat(join(folder, 'b.tar.gz'))).mode & 0o777).toBe(0o600)
    const noise = () => Buffer.from(Array.from({ length: 300_000 }, () => Math.floor(Math.random() * 256)))
    for (let index = 0; index < 5; index++) await archive.add(`n/${index}`, noise())
    // what is on its way through gzip is not counted yet
    expect(archive.bytes).toBeGreaterThan(500_000)
    expect((await lstat(join(folder, 'b.tar.gz'))).size).toBeGreaterThan(300_000)
    await archive.abort()
    expect(await readdir(folder)).toEqual([])
  })

  it('an abort leaves nothing, however early it comes', async () => {
    for (let index = 0; index < 20; index++) await start().abort()
    const archive = start()
    const adding = archive.add('a', Buffer.alloc(3_000_000)).catch((error: unknown) => error)
    await archive.abort()
    expect(await adding).toBeInstanceOf(Fatal)
    await new Promise((resolve) => setImmediate(resolve))
    expect(await readdir(folder)).toEqual([])
  })

  it('touches nothing that is there already', async () => {
    await writeFile(join(folder, 'b.tar.gz'), 'precious')
    expect(() => start()).toThrow(Fatal)
    expect(await readFile(join(folder, 'b.tar.gz'), 'utf8')).toBe('precious')
  })

  it.each([
    ['shorter', 10],
    ['longer', 2000],
  ])('a file that is %s than it was breaks the archive, for good', async (_, size) => {
    await writeFile(join(folder, 'staged'), Buffer.alloc(size))
    const archive = start()
    await archive.add('before', Buffer.from('x'))
    await expect(archive.addFile('changed', join(folder, 'staged'), 1000)).rejects.toBeInstanceOf(Fatal)
    await expect(archive.add('after', Buffer.from('x'))).rejects.toBeInstanceOf(Fatal)
    await expect(archive.finish()).rejects.toBeInstanceOf(Fatal)
    await archive.abort()
    expect(await readdir(folder)).toEqual(['staged'])
  })

  it('a file that is gone breaks it, too', async () => {
    const archive = start()
    await expect(archive.addFile('gone', join(folder, 'gone'), 1)).rejects.toMatchObject({
      failure: { code: 'STORE_UNAVAILABLE' },
    })
    await archive.abort()
  })

  it('cannot be begun where nothing can be written', () => {
    expect(() => createArchive(join(folder, 'none', 'b.tar.gz'), 'top', AT)).toThrow(Fatal)
  })
})
