import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { extract } from 'tar-stream'
import { describe, expect, it } from 'vitest'
import { TAR_END, type TarEntry, tarHeader, tarPadding } from '../../../agent/bundle/tar-header.ts'

const MTIME = new Date('2026-11-24T12:00:00Z')

/** What another reader makes of it. */
async function read(entries: { of: TarEntry; content: Buffer }[]) {
  const tar = extract()
  tar.end(Buffer.concat([...entries.flatMap(({ of, content }) => [tarHeader(of), content, tarPadding(of.size)]), TAR_END]))
  const found: { name: string; type: string | null | undefined; linkname: string | null | undefined; content: string }[] = []
  for await (const entry of tar) {
    const pieces: Uint8Array[] = []
    for await (const piece of entry as AsyncIterable<Uint8Array>) pieces.push(piece)
    const { name, type, linkname } = entry.header
    found.push({ name, type, linkname, content: Buffer.concat(pieces).toString() })
  }
  return found
}

const part = fc.oneof(
  fc.stringMatching(/^[\x21-\x2e\x30-\x7e]{1,40}$/),
  fc.constantFrom('a'.repeat(100), 'b'.repeat(101), 'ü', '名前', 'a b', '😀', 'c'.repeat(155), 'd'.repeat(156)),
)
const name = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => `top/${parts.join('/')}`)

describe('a tar header', () => {
  it('is read as it was meant, whatever the name', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ name, content: fc.string({ maxLength: 600 }), link: fc.option(name) }), {
          minLength: 1,
          maxLength: 5,
        }),
        async (entries) => {
          const written = entries.map((one) => {
            const content = Buffer.from(one.link === null ? one.content : '')
            const link = one.link === null ? {} : { link: one.link }
            return { of: { name: one.name, size: content.length, mtime: MTIME, ...link }, content }
          })
          expect(await read(written)).toEqual(
            written.map(({ of, content }) => ({
              name: of.name,
              type: 'link' in of ? 'symlink' : 'file',
              linkname: 'link' in of ? of.link : null,
              content: content.toString(),
            })),
          )
        },
      ),
      { numRuns: 200 },
    )
  })

  it.each([
    ['short', 'top/a', 512],
    ['100 characters', `top/${'x'.repeat(96)}`, 512],
    ['folders that fit before it', `${'f'.repeat(155)}/${'n'.repeat(100)}`, 512],
    ['101 characters without a folder to part it', 'x'.repeat(101), 3 * 512],
    ['not ASCII', 'top/ü', 3 * 512],
  ])('takes no more blocks than it needs: %s', (_, of, bytes) => {
    expect(tarHeader({ name: of, size: 0, mtime: MTIME })).toHaveLength(bytes)
  })

  it('tells sizes that its field does not hold', () => {
    const header = tarHeader({ name: 'large', size: 9 * 2 ** 30, mtime: MTIME }).toString('latin1')
    expect(header).toContain('19 size=9663676416\n')
    expect(tarHeader({ name: 'a', size: 8 ** 11 - 1, mtime: MTIME })).toHaveLength(512)
  })

  it('is one for the tar of the system, without names of the host', () => {
    const of = { name: `top/${'deep/'.repeat(30)}äö.txt`, size: 3, mtime: MTIME }
    const tar = Buffer.concat([tarHeader(of), Buffer.from('abc'), tarPadding(3), TAR_END])
    const env = { ...process.env, LC_ALL: 'C.UTF-8', TZ: 'UTC' }
    const listed = execFileSync('tar', ['tvf', '-', '--quoting-style=literal'], { input: tar, env }).toString()
    expect(listed).toBe(`-rw-r--r-- 0/0               3 2026-11-24 12:00 ${of.name}\n`)
  })
})
