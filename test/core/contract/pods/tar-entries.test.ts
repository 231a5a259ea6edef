import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tarEntries } from '../../../../core/contract/pods/index.ts'
import { paxRecord, tarBytes, tarPart } from '../../../support/tar-bytes.ts'

/** The stream in pieces of this length. */
async function* inPieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length)
}

interface Read {
  name: string
  type: string
  linkTo: string
  text: string
}

async function read(bytes: Uint8Array, length = 700): Promise<Read[]> {
  const found: Read[] = []
  for await (const { name, type, linkTo, body } of tarEntries(inPieces(bytes, length))) {
    const pieces: Uint8Array[] = []
    for await (const piece of body) pieces.push(piece)
    found.push({ name, type, linkTo, text: Buffer.concat(pieces).toString('latin1') })
  }
  return found
}
const file = (name: string, text: string): Read => ({ name, type: 'file', linkTo: '', text })

/** A sparse file of GNU whose map goes on behind its header. */
function longSparse(): Buffer {
  const part = tarPart({ name: 'long-sparse', flag: 'S', body: 'abc' })
  part[482] = 1
  part.write('        ', 148)
  const sum = part.subarray(0, 512).reduce((total, byte) => total + byte, 0)
  part.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  const [one, two] = [Buffer.alloc(512, 1), Buffer.alloc(512, 2)]
  one[504] = 1
  return Buffer.concat([part.subarray(0, 512), one, two, part.subarray(512)])
}

/** Of a name, as far as the format has room. */
const LENGTHS: Record<string, number> = { v7: 60, ustar: 90 }

describe('entries of a tar', () => {
  it('are the same however the stream is cut', async () => {
    const parts = fc.array(
      fc.record({ name: fc.stringMatching(/^[a-z/]{1,20}$/), body: fc.string({ maxLength: 2000, unit: 'binary-ascii' }) }),
      {
        maxLength: 5,
      },
    )
    await fc.assert(
      fc.asyncProperty(parts, fc.integer({ min: 1, max: 3000 }), async (given, length) => {
        expect(await read(tarBytes(given), length)).toEqual(given.map(({ name, body }) => file(name, body)))
      }),
      { numRuns: 60 },
    )
  })

  it('are passed over when they are not read, whole or in part', async () => {
    const bytes = tarBytes([
      { name: 'a', body: 'x'.repeat(5000) },
      { name: 'b', body: 'y'.repeat(5000) },
      { name: 'c', body: 'z' },
    ])
    const seen: string[] = []
    for await (const { name, body } of tarEntries(inPieces(bytes, 600))) {
      seen.push(name)
      if (name === 'b') for await (const _ of body) break
      if (name === 'c') for await (const piece of body) seen.push(Buffer.from(piece).toString())
    }
    expect(seen).toEqual(['a', 'b', 'c', 'z'])
  })

  it.each(['gnu', 'pax', 'ustar', 'v7'])('come from GNU tar as %s', async (format) => {
    const folder = mkdtempSync(join(tmpdir(), 'tar-'))
    const deep = 'a-folder-with-a-long-name'
    const long = `${deep}/${'n'.repeat(LENGTHS[format] ?? 120)}`
    const longer = format === 'gnu' || format === 'pax' ? [`${deep}/${'ü'.repeat(120)}`] : []
    mkdirSync(join(folder, deep))
    for (const name of [long, ...longer, 'empty']) writeFileSync(join(folder, name), name === 'empty' ? '' : `in ${name.length}`)
    symlinkSync('/etc/passwd', join(folder, 'link'))
    const names = [deep, 'empty', 'link']
    const bytes = execFileSync('tar', ['-C', folder, `--format=${format}`, '--sort=name', '-cf', '-', ...names])
    rmSync(folder, { recursive: true })
    expect(await read(bytes)).toEqual([
      { name: `${deep}/`, type: 'folder', linkTo: '', text: '' },
      ...[long, ...longer].map((name) => file(name, `in ${name.length}`)),
      file('empty', ''),
      { name: 'link', type: 'link', linkTo: '/etc/passwd', text: '' },
    ])
  })

  it('have the names and sizes that stand before them, each for one entry only', async () => {
    const pax = tarPart({
      name: 'x',
      flag: 'x',
      body: `${paxRecord('path', 'näme')}${paxRecord('size', '3')}${paxRecord('mtime', '1')}`,
    })
    const global = tarPart({ name: 'g', flag: 'g', body: paxRecord('path', 'not this') })
    const long = tarPart({ name: '././@LongLink', flag: 'L', body: 'l'.repeat(300) + '\0' })
    const bytes = Buffer.concat([
      global,
      pax,
      tarPart({ name: 'short', body: 'abc', size: 0 }),
      long,
      tarPart({ name: 'cut', body: 'd' }),
      tarPart({ name: 'plain', body: 'e' }),
      Buffer.alloc(1024),
    ])
    expect(await read(bytes)).toEqual([file('näme', 'abc'), file('l'.repeat(300), 'd'), file('plain', 'e')])
  })

  it('are told to be something else: devices, sparse files', async () => {
    const sparse = tarPart({ name: 'x', flag: 'x', body: paxRecord('GNU.sparse.major', '1') })
    const bytes = Buffer.concat([
      tarPart({ name: 'fifo', flag: '6' }),
      tarPart({ name: 'old-sparse', flag: 'S', body: 'abc' }),
      longSparse(),
      sparse,
      tarPart({ name: 'sparse', body: 'abc' }),
      tarPart({ name: 'hard', flag: '1', linkTo: 'a', size: 100 }),
      tarPart({ name: 'old-folder/', flag: '\0' }),
      Buffer.alloc(1024),
    ])
    expect((await read(bytes)).map(({ name, type }) => `${name} ${type}`)).toEqual([
      'fifo other',
      'old-sparse other',
      'long-sparse other',
      'sparse other',
      'hard link',
      'old-folder/ folder',
    ])
  })

  it('has sizes in binary, of files of 8 GiB and more', async () => {
    const part = tarPart({ name: 'large', body: 'abc' })
    part.fill(0, 124, 136)
    part[124] = 0x80
    part.writeUInt32BE(3, 132)
    const sum = part.subarray(0, 512).reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0)
    part.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    expect(await read(Buffer.concat([part, Buffer.alloc(1024)]))).toEqual([file('large', 'abc')])
  })

  it('ends at the end of the stream, also without an end of its own', async () => {
    expect(await read(Buffer.alloc(0))).toEqual([])
    expect(await read(tarPart({ name: 'a', body: 'b' }))).toEqual([file('a', 'b')])
  })

  it('reads the stream to its end, and ends it when nobody reads on', async () => {
    let state = 'open'
    async function* source() {
      try {
        yield tarBytes([{ name: 'a' }, { name: 'b' }])
        yield Buffer.alloc(9000)
        state = 'read'
      } finally {
        if (state !== 'read') state = 'left'
      }
    }
    for await (const _ of tarEntries(source()));
    expect(state).toBe('read')
    state = 'open'
    for await (const _ of tarEntries(source())) break
    expect(state).toBe('left')
  })

  const whole = tarBytes([{ name: 'a', body: 'x'.repeat(2000) }])
  const broken = tarPart({ name: 'x', flag: 'x', body: '99 path=a\n' })
  it.each<[string, Uint8Array, string]>([
    ['breaks off in a header', whole.subarray(0, 300), 'the archive breaks off'],
    ['breaks off in a file', whole.subarray(0, 1500), 'the archive breaks off'],
    ['breaks off behind a file', whole.subarray(0, 512 + 2000), 'the archive breaks off'],
    ['is none', Buffer.from('bin\nboot\n'.repeat(100)), 'what it gave is no tar archive'],
    ['has a broken record', broken, 'the archive has a broken name'],
    ['has a name without end', tarPart({ name: 'x', flag: 'L', size: 2 ** 30 }), 'a name in the archive is too long'],
    [
      'has a size that is none',
      Buffer.concat([tarPart({ name: 'x', flag: 'x', body: paxRecord('size', '-1') }), whole]),
      'the archive tells an impossible size',
    ],
  ])('one that %s is told', async (_, bytes, message) => {
    await expect(read(bytes)).rejects.toThrow(message)
  })
})
