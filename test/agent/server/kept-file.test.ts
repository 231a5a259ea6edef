import { execFileSync } from 'node:child_process'
import { link, mkdir, mkdtemp, readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Hono } from 'hono'
import { systemClock } from '../../../core/clock.ts'
import { listen } from '../../../agent/server/listen.ts'
import { openInside, readRange, sendFile, type SendOptions } from '../../../agent/server/kept-file.ts'

let base: string
const SHA = 'ab'.repeat(32)
const plain: SendOptions = {
  contentType: 'application/gzip',
  fileName: 'a.tar.gz',
  sha256: SHA,
  range: undefined,
  ifRange: undefined,
  isHead: false,
}
const at = (...parts: string[]) => join(base, ...parts)

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'sbs-kept-'))
  for (const folder of ['own/bundles/job', 'own/outbox', 'own/bundles-evil', 'other'])
    await mkdir(at(folder), { recursive: true })
  await writeFile(at('own/bundles/job/a.tar.gz'), '0123456789')
  await writeFile(at('own/bundles/job/empty'), '')
  await writeFile(at('other/secret'), 'secret')
  await writeFile(at('own/bundles-evil/x'), 'secret')
  await symlink(at('other/secret'), at('own/bundles/job/link'))
  await symlink(at('other'), at('own/bundles/folder'))
  await link(at('other/secret'), at('own/bundles/job/hard'))
  await symlink(at('own/bundles'), at('own/link-to-bundles'))
  await symlink(at('own/bundles/job/a.tar.gz'), at('own/bundles/job/alias'))
  execFileSync('mkfifo', [at('own/bundles/job/pipe')])
})
afterAll(() => rm(base, { recursive: true, force: true }))

const openFiles = async () =>
  (await Promise.all((await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')))).filter(
    (path) => path.startsWith(base),
  )

describe('a kept file', () => {
  const folders = () => [at('own/bundles'), at('own/outbox'), at('own/missing')]
  const outside: [string, string][] = [
    ['of another folder', 'other/secret'],
    ['of a folder whose name only begins so', 'own/bundles-evil/x'],
    ['by a way around', 'own/bundles/../../other/secret'],
    ['behind a link', 'own/bundles/job/link'],
    ['behind a link to one', 'own/bundles/job/alias'],
    ['that is a pipe', 'own/bundles/job/pipe'],
    ['behind a link on the way', 'own/bundles/folder/secret'],
    ['of another name too', 'own/bundles/job/hard'],
    ['that is a folder', 'own/bundles/job'],
    ['that is not there', 'own/bundles/job/none'],
  ]
  it.each(outside)('is none %s', async (_, path) => {
    expect(await openInside([at(path)], folders())).toBeUndefined()
    expect(await openFiles(), 'nothing stays open').toEqual([])
  })

  it('is found where it is, also when the folder is reached by a link', async () => {
    for (const room of [folders(), [at('own/link-to-bundles')]]) {
      const file = await openInside([at('other/secret'), at('own/bundles/job/a.tar.gz')], room)
      expect(file?.bytes).toBe(10)
      await file?.handle.close()
    }
  })

  const ranges: [string | undefined, ReturnType<typeof readRange>][] = [
    [undefined, undefined],
    ['bytes=0-3', { start: 0, end: 3 }],
    ['bytes=4-', { start: 4, end: 9 }],
    ['bytes=-3', { start: 7, end: 9 }],
    ['bytes=-30', { start: 0, end: 9 }],
    ['bytes=8-30', { start: 8, end: 9 }],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=5-2', undefined],
    ['bytes=-', undefined],
    ['bytes=0-1,4-5', undefined],
    ['lines=1-2', undefined],
  ]
  it.each(ranges)('of ten bytes: %s', (header, range) => expect(readRange(header, 10)).toEqual(range))

  const send = async (change: Partial<SendOptions>, path = 'own/bundles/job/a.tar.gz') => {
    const file = await openInside([at(path)], folders())
    if (!file) throw new Error('no file')
    const response = await sendFile(file, { ...plain, ...change })
    return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() }
  }

  it('is sent whole, with length, name and checksum', async () => {
    expect(await send({ fileName: '../"a\r\n.tar.gz' })).toEqual({
      status: 200,
      headers: {
        'accept-ranges': 'bytes',
        'content-type': 'application/gzip',
        'content-disposition': 'attachment; filename="_a__.tar.gz"',
        'content-length': '10',
        etag: `"${SHA}"`,
        'repr-digest': `sha-256=:${Buffer.from(SHA, 'hex').toString('base64')}:`,
      },
      body: '0123456789',
    })
  })

  it('is sent in part, if it is still the same', async () => {
    const part = await send({ range: 'bytes=2-4', ifRange: `"${SHA}"` })
    expect(part).toMatchObject({ status: 206, body: '234', headers: { 'content-range': 'bytes 2-4/10', 'content-length': '3' } })
    expect(part.headers['repr-digest']).toBeUndefined()
    expect(await send({ range: 'bytes=2-4', ifRange: '"other"' })).toMatchObject({ status: 200, body: '0123456789' })
    expect(await send({ range: 'bytes=10-' })).toMatchObject({
      status: 416,
      headers: { 'content-range': 'bytes */10' },
      body: '',
    })
    expect(await openFiles()).toEqual([])
  })

  it('is not opened for long by who asks for its head, and may be empty', async () => {
    expect(await send({ isHead: true })).toMatchObject({ status: 200, body: '', headers: { 'content-length': '10' } })
    expect(await send({}, 'own/bundles/job/empty')).toMatchObject({ status: 200, body: '', headers: { 'content-length': '0' } })
    expect(await openFiles()).toEqual([])
  })

  it('is closed when who asked goes away in the middle', async () => {
    await writeFile(at('own/outbox/large'), Buffer.alloc(64 * 1024 * 1024))
    const app = new Hono().get('/', async () => {
      const file = await openInside([at('own/outbox/large')], folders())
      return file ? sendFile(file, plain) : new Response(null, { status: 404 })
    })
    const server = await listen(app, 0, 'scheduler.yaml')
    for (let turn = 0; turn < 3; turn++) {
      const stop = new AbortController()
      const response = await fetch(`http://127.0.0.1:${server.port}/`, { signal: stop.signal })
      await response.body?.getReader().read()
      expect(await openFiles()).not.toEqual([])
      stop.abort()
      while ((await openFiles()).length > 0) await systemClock.sleep(5)
    }
    await server.close()
  })
})
