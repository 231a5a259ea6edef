import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { redactTask } from '../../../agent/task/redact.ts'
import type { FromTask, RedactRequest } from '../../../core/task.ts'
import { FakeClock } from '../../support/clock.ts'
import { makeWorkspace, unpack, type Workspace } from '../../support/task.ts'

const MASK = '***HIDDEN***'
const SECRET = 'password=hunter2\n'
const SAFE = `password=${MASK}\n`
const LARGE = `${SECRET}${'nothing to see here\n'.repeat(80_000)}${SECRET}`

let space: Workspace
beforeEach(async () => void (space = await makeWorkspace()))
afterEach(() => space.remove())

async function redact(source: string, change: Partial<RedactRequest> = {}) {
  const said: FromTask[] = []
  const request: RedactRequest = {
    task: 'redact',
    source,
    workFolder: space.work,
    fileName: 'safe.tar.gz',
    limits: { bundleBytes: 2 ** 30, outputBytes: 2 ** 30 },
    ...change,
  }
  const edge = {
    clock: new FakeClock('2026-01-01T00:00:00Z'),
    signal: new AbortController().signal,
    say: (one: FromTask) => void said.push(one),
  }
  const result = await redactTask(request, edge)
  const left = await readdir(space.work)
  return {
    result,
    said,
    left,
    bundle: await unpack(result.archive.path),
    codes: said.flatMap((one) => (one.type === 'warning' ? [one.code] : [])),
  }
}

type Entries = [name: string, content: string | Buffer | { link: string } | { type: 'fifo' }][]
async function bundleOf(entries: Entries): Promise<string> {
  const out = pack()
  for (const [name, content] of entries) {
    if (typeof content === 'string' || Buffer.isBuffer(content)) out.entry({ name }, content)
    else if ('link' in content) out.entry({ name, type: 'symlink', linkname: content.link })
    else out.entry({ name, type: content.type })
  }
  out.finalize()
  const pieces: Uint8Array[] = []
  for await (const piece of out as AsyncIterable<Uint8Array>) pieces.push(piece)
  const file = join(space.elsewhere, 'bundle.tar.gz')
  await writeFile(file, gzipSync(Buffer.concat(pieces)))
  return file
}
const hashOf = async (file: string) =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex')

describe('a redacted copy', () => {
  it('has all files of a bundle, redacted, and nothing else happens', async () => {
    const source = await bundleOf([
      ['b/version.yaml', 'kind: SupportBundle\n'],
      ['b/a.txt', SECRET],
      ['b/large.log', LARGE],
      ['b/x/link.txt', { link: '../a.txt' }],
      ['b/old.log.gz', gzipSync(SECRET)],
      ['b/support-bundle-schedule/checksums.txt', 'stale\n'],
    ])
    const before = await hashOf(source)
    const { result, bundle, codes, left } = await redact(source)
    expect(bundle.paths.toSorted()).toEqual(
      ['a.txt', 'large.log', 'old.log.gz', 'support-bundle-schedule/checksums.txt', 'version.yaml', 'x/link.txt'].toSorted(),
    )
    expect(await bundle.read('a.txt')).toBe(SAFE)
    expect(await bundle.read('x/link.txt')).toBe(SAFE)
    expect(await bundle.read('large.log')).toBe(LARGE.replaceAll(SECRET, SAFE))
    const sums = await bundle.read('support-bundle-schedule/checksums.txt')
    expect(sums).toContain(`${createHash('sha256').update(SAFE).digest('hex')}  a.txt\n`)
    expect(sums).not.toContain('stale')
    expect(result).toMatchObject({
      archive: { isPartial: false },
      redaction: { rules: { 'key-value-bare': 4 }, files: { 'a.txt': 1, 'large.log': 2, 'old.log.gz': 1 } },
      leftOut: [],
    })
    expect(codes).toEqual(['REDACTION_WITHOUT_TOKENS'])
    expect(await hashOf(source)).toBe(before)
    expect(left).toEqual(['safe.tar.gz'])
  })

  it('is made of a folder too, and with redactors and tokens', async () => {
    const source = join(space.elsewhere, 'folder')
    await mkdir(join(source, 'x'), { recursive: true })
    await writeFile(join(source, 'x/a.txt'), `${SECRET}pin 4711\n`)
    await symlink('x/a.txt', join(source, 'here'))
    await symlink('/etc/passwd', join(source, 'out'))
    const redactors = [
      {
        apiVersion: 'troubleshoot.sh/v1beta2',
        kind: 'Redactor',
        spec: { redactors: [{ name: 'pins', removals: { values: [4711] } }] },
      },
    ]
    const { bundle, result, codes } = await redact(source, { redactors, tokenKey: 'ab'.repeat(32) })
    expect(await bundle.read('here')).toMatch(/^password=\*{3}HIDDEN-[0-9a-f]{16}\*{3}\npin \*{3}HIDDEN-[0-9a-f]{16}\*{3}\n$/)
    expect(result.leftOut).toEqual([{ path: 'out', reason: expect.stringContaining('link out of the bundle') }])
    expect(result.archive.isPartial).toBe(true)
    expect(codes).toEqual(['OUTPUT_REFUSED'])
  })

  it('lacks what cannot be redacted or has no place in it, and says so', async () => {
    const source = await bundleOf([
      ['b/fine', 'fine\n'],
      ['b/long', 'x'.repeat(17 * 1024 * 1024)],
      ['b/../../evil', SECRET],
      ['b/pipe', { type: 'fifo' }],
      ['b/away', { link: '../../etc/passwd' }],
      ['b/broken.tar.gz', SECRET],
      ['b/fine', SECRET],
    ])
    const { bundle, result } = await redact(source)
    expect(bundle.paths).toEqual(['fine'])
    expect(await bundle.read('fine')).toBe('fine\n')
    expect(result.leftOut.map(({ path }) => path)).toEqual(['long', '../../evil', 'pipe', 'away', 'broken.tar.gz', 'fine'])
  })

  it('masks what names and reasons quote', async () => {
    const { result, said } = await redact(
      await bundleOf([
        ['b/ok', 'x'],
        ['b/password=hunter2.tar', 'x'.repeat(600)],
      ]),
    )
    expect(result.leftOut).toHaveLength(1)
    expect(JSON.stringify([result.leftOut, said])).not.toContain('hunter2')
  })
})

describe('nothing is left', () => {
  const nothing = async (work: Promise<unknown>, code: string) => {
    await expect(work).rejects.toMatchObject({ code })
    expect(await readdir(space.work)).toEqual([])
  }

  it('of a bundle that ends in the middle', async () => {
    const source = await bundleOf([
      ['b/a.txt', SECRET],
      ['b/large.log', LARGE],
    ])
    await truncate(source, 200)
    await nothing(redact(source), 'BUNDLE_NOT_READ')
  })

  it('of what is no bundle, or not there', async () => {
    const file = join(space.elsewhere, 'text')
    await writeFile(file, 'text')
    await nothing(redact(file), 'BUNDLE_NOT_READ')
    await nothing(redact(join(space.elsewhere, 'nowhere')), 'BUNDLE_NOT_READ')
  })

  it('when the work folder cannot be written to', async () => {
    await mkdir(join(space.work, 'staged'))
    await nothing(redact(await bundleOf([['b/large.log', LARGE]])), 'STORE_UNAVAILABLE')
  })

  it('when redactors are not understood', async () => {
    await nothing(redact(await bundleOf([['b/a', 'x']]), { redactors: [{ kind: 'Redactor' }] }), 'SPEC_INVALID')
  })

  it('when it grows beyond its limit', async () => {
    const noise = Buffer.from(Array.from({ length: 400_000 }, (_, index) => (index * 7919 * (index % 97)) % 251))
    const source = await bundleOf([
      ['b/a', noise],
      ['b/b', noise],
      ['b/c', 'x'],
    ])
    await nothing(redact(source, { limits: { bundleBytes: 1000, outputBytes: 2 ** 30 } }), 'BUNDLE_TOO_LARGE')
  })
})
