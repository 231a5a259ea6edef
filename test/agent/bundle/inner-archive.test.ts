import { gunzipSync, gzipSync } from 'node:zlib'
import { extract, pack } from 'tar-stream'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { redactedArchive } from '../../../agent/bundle/inner-archive.ts'
import { isInnerArchive } from '../../../agent/bundle/open-archive.ts'
import { createRedactor } from '../../../agent/redaction/redactor.ts'
import { MASK } from '../../../agent/redaction/rule.ts'
import { defaultRules } from '../../../agent/redaction/rules.ts'

type Files = Record<string, string | Buffer>

async function tarOf(files: Files, extra: (out: ReturnType<typeof pack>) => void = () => undefined): Promise<Buffer> {
  const out = pack()
  for (const [name, content] of Object.entries(files)) out.entry({ name, uname: 'root' }, content)
  extra(out)
  out.finalize()
  return join(out as AsyncIterable<Uint8Array>)
}

async function join(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of stream) pieces.push(piece)
  return Buffer.concat(pieces)
}

async function untar(bytes: Buffer): Promise<Record<string, Buffer>> {
  const files: Record<string, Buffer> = {}
  const tar = extract()
  tar.end(bytes)
  for await (const entry of tar) {
    expect(entry.header.uname).toBe('')
    files[entry.header.name] = await join(entry as AsyncIterable<Uint8Array>)
  }
  return files
}

const redactor = createRedactor(defaultRules)
async function redact(path: string, bytes: Buffer, limit = 1e8, cut = 1000): Promise<Buffer> {
  async function* body() {
    for (let at = 0; at < bytes.length; at += cut) yield bytes.subarray(at, at + cut)
  }
  return join(redactedArchive(path, body(), { begin: (name) => redactor.file(name), bytes: limit }))
}

const SECRET = 'password=hunter2\n'
const SAFE = `password=${MASK}\n`

describe('an archive in a bundle', () => {
  it.each([
    ['a.tar', true],
    ['x/a.tar.gz', true],
    ['a.TGZ', true],
    ['a.log.gz', true],
    ['a.zip', false],
    ['gz', false],
  ])('%s: %s', (path, want) => expect(isInnerArchive(path)).toBe(want))

  it('that is refused is left: whoever reads it hears of it', async () => {
    let isLeft = false
    async function* body() {
      try {
        for (;;) yield Buffer.alloc(1000, 'x')
      } finally {
        isLeft = true
      }
    }
    const read = join(redactedArchive('a.tar', body(), { begin: (name) => redactor.file(name), bytes: 1e8 }))
    await expect(read).rejects.toThrow('it is no archive')
    expect(isLeft).toBe(true)
  })

  it('is redacted file by file: tar', async () => {
    const tar = await tarOf({ 'a/b.txt': SECRET, empty: '', c: 'plain\n' }, (out) => {
      out.entry({ name: 'folder/', type: 'directory' })
      out.entry({ name: 'link', type: 'symlink', linkname: '/etc/shadow' })
    })
    const files = await untar(await redact('a.tar', tar))
    expect(Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, bytes.toString()]))).toEqual({
      'a/b.txt': SAFE,
      empty: '',
      c: 'plain\n',
    })
  })

  it('is redacted file by file: tar.gz, gz, and one in another', async () => {
    const tar = await tarOf({ a: SECRET, 'b.log.gz': gzipSync(SECRET), 'c.tar': await tarOf({ d: SECRET }) })
    const files = await untar(gunzipSync(await redact('x.tgz', gzipSync(tar))))
    expect(files['a']?.toString()).toBe(SAFE)
    expect(gunzipSync(files['b.log.gz'] ?? Buffer.alloc(0)).toString()).toBe(SAFE)
    expect((await untar(files['c.tar'] ?? Buffer.alloc(0)))['d']?.toString()).toBe(SAFE)
    expect(gunzipSync(await redact('x.log.gz', gzipSync(SECRET))).toString()).toBe(SAFE)
  })

  it('gives the same however it comes in', async () => {
    const tgz = gzipSync(await tarOf({ a: SECRET.repeat(50), b: 'x'.repeat(2000) }))
    const want = await untar(gunzipSync(await redact('x.tar.gz', tgz)))
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3000 }), async (cut) => {
        expect(await untar(gunzipSync(await redact('x.tar.gz', tgz, 1e8, cut)))).toEqual(want)
      }),
      { numRuns: 20 },
    )
  })
})

describe('an archive that cannot be redacted is left out', () => {
  const zip = Buffer.from('504b0304000000000000', 'hex')
  it.each<[string, string, () => Promise<Buffer> | Buffer, RegExp]>([
    ['none', 'a.tar', () => Buffer.from('text'), /no archive/],
    ['a zip', 'a.gz', () => zip, /packed in a way/],
    ['a zip in it', 'a.tar', () => tarOf({ 'b.zip': zip }), /b\.zip is packed/],
    ['broken', 'a.gz', () => gzipSync(SECRET.repeat(100)).subarray(0, 40), /cannot be opened/],
    ['a broken tar', 'a.tar', async () => (await tarOf({ a: SECRET.repeat(100) })).subarray(0, 900), /cannot be opened/],
    [
      'a broken tar inside',
      'a.tgz',
      async () => gzipSync((await tarOf({ a: SECRET.repeat(100) })).subarray(0, 900)),
      /cannot be opened/,
    ],
    ['too deep', 'a.tar', async () => tarOf({ 'b.tar': await tarOf({ 'c.tar': await tarOf({ d: SECRET }) }) }), /too deep/],
    ['gzip without end', 'a.gz', () => gzipSync(gzipSync(gzipSync(gzipSync(SECRET)))), /too deep/],
    ['one that leads out', 'a.tar', () => tarOf({ '../a': SECRET }), /dots and blanks/],
    ['one with an absolute path', 'a.tar', () => tarOf({ '/etc/a': SECRET }), /absolute/],
    ['a bomb', 'a.gz', () => gzipSync(Buffer.alloc(2e6)), /longer than 1000000/],
    ['a bomb in a tar', 'a.tar', () => tarOf({ 'a.gz': gzipSync(Buffer.alloc(2e6)) }), /longer than 1000000/],
    ['one with a line that is too long', 'a.gz', () => gzipSync(`password=${'x'.repeat(100)}`), /longer than 50 bytes/],
  ])('%s', async (name, path, make, want) => {
    const bytes = await make()
    async function* body() {
      yield bytes
    }
    const short = createRedactor(defaultRules, name.includes('line') ? { maxLineBytes: 50 } : {})
    const reading = join(redactedArchive(path, body(), { begin: (file) => short.file(file), bytes: 1e6 }))
    await expect(reading).rejects.toMatchObject({
      code: expect.stringMatching(/^(OUTPUT_REFUSED|OUTPUT_PATH|REDACTION_FAILED)$/),
      message: expect.stringMatching(want),
    })
  })

  it('a rule that breaks is not taken for a broken archive', async () => {
    const begin = () => {
      throw new TypeError('oops')
    }
    async function* body() {
      yield await tarOf({ a: SECRET })
    }
    await expect(join(redactedArchive('a.tar', body(), { begin, bytes: 1e6 }))).rejects.toThrowError('oops')
  })
})
