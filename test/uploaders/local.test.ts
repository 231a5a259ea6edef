import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Bundle } from '../../core/contract/index.ts'
import { memoryBundle, uploaderContext } from '../../core/testkit/index.ts'
import local from '../../uploaders/local/index.ts'
import { asUploadError } from '../../uploaders/local/problems.ts'

let path: string
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'local-'))
})
afterEach(() => rmSync(path, { recursive: true }))

const context = (job = 'nightly') => uploaderContext({ config: { path }, run: { job } })
const upload = (bundle: Bundle = memoryBundle()) => local.upload(context(), bundle)

it('writes one private file a bundle into the folder of the job', async () => {
  const bundle = memoryBundle()
  const file = join(path, 'nightly', bundle.fileName)
  expect(await upload(bundle)).toEqual({
    location: pathToFileURL(file).href,
    size: bundle.size,
    checksum: { algorithm: 'sha256', value: bundle.sha256 },
    verified: true,
  })
  expect(Buffer.compare(readFileSync(file), bundle.bytes)).toBe(0)
  expect([statSync(file).mode & 0o777, statSync(join(path, 'nightly')).mode & 0o777]).toEqual([0o600, 0o700])
  expect(readdirSync(join(path, 'nightly'))).toEqual([bundle.fileName])
})

it('replaces an earlier bundle of that name, whole', async () => {
  await upload(memoryBundle({ seed: 1 }))
  const second = memoryBundle({ seed: 2 })
  await upload(second)
  expect(Buffer.compare(readFileSync(join(path, 'nightly', second.fileName)), second.bytes)).toBe(0)
})

it('keeps the earlier bundle when the new one is damaged', async () => {
  const first = memoryBundle({ seed: 1 })
  await upload(first)
  const damaged = { ...memoryBundle({ seed: 2 }), sha256: first.sha256 }
  await expect(upload(damaged)).rejects.toMatchObject({ code: 'UPLOAD_DAMAGED', class: 'retryable' })
  expect(Buffer.compare(readFileSync(join(path, 'nightly', first.fileName)), first.bytes)).toBe(0)
})

it('leaves nothing of a try that failed, not even hidden', async () => {
  await expect(upload(memoryBundle({ fault: 'error' }))).rejects.toThrow('the stream broke')
  expect(readdirSync(join(path, 'nightly'))).toEqual([])
})

it('stops reading when the run is aborted', async () => {
  const controller = new AbortController()
  const bundle = memoryBundle({ fault: () => controller.abort(new Error('cancelled')) })
  await expect(local.upload({ ...context(), signal: controller.signal }, bundle)).rejects.toThrow('cancelled')
  expect(bundle.handedOut()).toBeLessThan(bundle.size)
})

it('tries the target out without leaving anything', async () => {
  await local.verify!(context())
  expect(readdirSync(path)).toEqual([])
})

it('takes away what a dead try of this bundle left, and nothing else', async () => {
  const { fileName } = memoryBundle()
  mkdirSync(join(path, 'nightly'))
  for (const name of [`.${fileName}.dead.partial`, '.other.tar.gz.live.partial']) writeFileSync(join(path, 'nightly', name), 'x')
  await upload()
  expect(readdirSync(join(path, 'nightly')).toSorted()).toEqual(['.other.tar.gz.live.partial', fileName])
})

it('lists bundles by name, without hidden files and folders', async () => {
  await upload(memoryBundle({ fileName: 'b.tar.gz' }))
  await upload(memoryBundle({ fileName: 'a.tar.gz' }))
  mkdirSync(join(path, 'nightly', 'folder'))
  writeFileSync(join(path, 'nightly', '.a.tar.gz.x.partial'), 'x')
  const found = []
  for await (const entry of local.list!(context())) found.push(entry)
  const { size } = memoryBundle()
  expect(found).toEqual([
    { fileName: 'a.tar.gz', size, at: expect.any(Date) },
    { fileName: 'b.tar.gz', size, at: expect.any(Date) },
  ])
})

it('does not take a target that is away for an empty one, and does not make it', async () => {
  const away = uploaderContext({ config: { path: join(path, 'away') } })
  const missing = {
    code: 'UPLOAD_FOLDER_MISSING',
    class: 'config',
    remedy: `create the folder ${path}/away, or mount what belongs there`,
  }
  await expect(local.verify!(away)).rejects.toMatchObject(missing)
  await expect(local.upload(away, memoryBundle())).rejects.toMatchObject(missing)
  await expect(local.list!(away)[Symbol.asyncIterator]().next()).rejects.toMatchObject(missing)
  await expect(local.remove!(away, 'a.tar.gz')).rejects.toMatchObject(missing)
  expect(readdirSync(path)).toEqual([])
})

it('says so when the target is a file', async () => {
  writeFileSync(join(path, 'file'), 'x')
  const wrong = uploaderContext({ config: { path: join(path, 'file') } })
  await expect(local.verify!(wrong)).rejects.toMatchObject({ code: 'UPLOAD_FOLDER_MISSING', class: 'config' })
  await expect(local.upload(wrong, memoryBundle())).rejects.toMatchObject({ code: 'UPLOAD_FOLDER_MISSING' })
})

it('does not blame the target for a bundle that cannot be read', async () => {
  const gone = Object.assign(new Error('ENOENT: no such file'), { code: 'ENOENT' })
  const bundle: Bundle = {
    ...memoryBundle(),
    open: async function* () {
      yield Uint8Array.of(1)
      throw gone
    },
  }
  await expect(upload(bundle)).rejects.toMatchObject({ code: 'UPLOAD_SOURCE_FAILED', class: 'retryable', cause: gone })
})

it.each(['../escape.tar.gz', 'a/b', '', '.hidden', '..', 'a\\b'])('refuses the file name %j', async (fileName) => {
  await expect(upload(memoryBundle({ fileName }))).rejects.toMatchObject({ code: 'UPLOAD_NAME_INVALID' })
  await expect(local.remove!(context(), fileName)).rejects.toMatchObject({ code: 'UPLOAD_NAME_INVALID' })
})

it('tells a missing bundle from a broken disk when one is read', async () => {
  const read = local.open!(context(), 'gone.tar.gz')[Symbol.asyncIterator]().next()
  await expect(read).rejects.toMatchObject({ class: 'config', message: expect.stringContaining('gone.tar.gz') })
})

it.each([
  ['ENOSPC', 'UPLOAD_DISK_FULL', 'resource', 'free some space'],
  ['EDQUOT', 'UPLOAD_DISK_FULL', 'resource', 'quota'],
  ['EACCES', 'UPLOAD_DENIED', 'permission', 'writable'],
  ['EROFS', 'UPLOAD_DENIED', 'permission', 'mount'],
  ['EIO', 'UPLOAD_DISK_FAILED', 'retryable', 'healthy'],
])('gives %s a class and a remedy', (errno, code, kind, remedy) => {
  const error = Object.assign(new Error(`${errno}: x`), { code: errno })
  expect(asUploadError(error, '/mnt')).toMatchObject({ code, class: kind, remedy: expect.stringContaining(remedy), cause: error })
})

it('passes on what it does not know', () => {
  const error = new Error('odd')
  expect(asUploadError(error, '/mnt')).toBe(error)
})

it.each([
  ['file:///var/backups/a%20b', { path: '/var/backups/a b' }],
  ['file:/var/x', { path: '/var/x' }],
])('understands %s', (url, config) => {
  expect(local.fromUrl!(new URL(url))).toEqual(config)
})

it('refuses a URL that names a server', () => {
  expect(() => local.fromUrl!(new URL('file://server/share'))).toThrow(/"server" stands where no host can stand/)
})
