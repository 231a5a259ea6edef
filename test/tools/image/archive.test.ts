import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type ArchiveOptions, type Platform, writeArchive } from '../../../tools/image/archive.ts'
import { imageConfig } from '../../../tools/image/config.ts'

let top: string
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'archive-'))
})
afterEach(() => rmSync(top, { recursive: true }))

const config = imageConfig('1.2.3', 'a description')
const ROOT = join(import.meta.dirname, '..', '..', '..')
/** Makes an archive in a process with a strict umask: threads of a test may not change theirs. */
const SCRIPT = `
  process.umask(0o077)
  const { writeArchive } = await import('./tools/image/archive.ts')
  const [rootfs, to] = process.argv.slice(1)
  await writeArchive([{ architecture: 'amd64', rootfs }], { to, tag: 'localhost/x:1', level: 9, config: ${JSON.stringify(config)} })`

function options(name: string, more: Partial<ArchiveOptions> = {}): ArchiveOptions {
  return { to: join(top, name), tag: 'localhost/x:1', config, level: 9, ...more }
}

function aRoot(architecture: Platform['architecture'], text: string): Platform {
  const rootfs = join(top, `rootfs-${architecture}`)
  mkdirSync(join(rootfs, 'usr'), { recursive: true })
  writeFileSync(join(rootfs, 'usr', 'file'), text)
  return { architecture, rootfs }
}

/** The archive as tar unpacks it: an independent reader. */
function unpacked(archive: string): string {
  const folder = mkdtempSync(join(top, 'unpacked-'))
  execFileSync('tar', ['-xf', archive, '-C', folder])
  return folder
}

interface Descriptor {
  mediaType: string
  digest: string
  size: number
  platform?: object
  annotations?: object
}
interface Document {
  mediaType: string
  manifests: Descriptor[]
  config: Descriptor
  layers: Descriptor[]
  architecture: string
  rootfs: { diff_ids: string[] }
}

const sha256 = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/** What a descriptor refers to, once its size and digest are found true. */
function blob(folder: string, { digest, size }: Descriptor): Buffer {
  const bytes = readFileSync(join(folder, 'blobs', digest.replace(':', '/')))
  expect(bytes.length).toBe(size)
  expect(sha256(bytes)).toBe(digest)
  return bytes
}
const document = (folder: string, descriptor: Descriptor) => JSON.parse(blob(folder, descriptor).toString()) as Document
const indexOf = (folder: string) => JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as Document

it('is an OCI layout: index, manifest, config and layer, each by its true digest', async () => {
  const facts = await writeArchive([aRoot('amd64', 'content')], options('a.tar'))
  const folder = unpacked(join(top, 'a.tar'))
  expect(JSON.parse(readFileSync(join(folder, 'oci-layout'), 'utf8'))).toEqual({ imageLayoutVersion: '1.0.0' })
  const { manifests, mediaType } = indexOf(folder)
  expect(mediaType).toBe('application/vnd.oci.image.index.v1+json')
  expect(manifests).toHaveLength(1)
  expect(manifests[0]).toMatchObject({
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: facts.digest,
    platform: { architecture: 'amd64', os: 'linux' },
    annotations: { 'io.containerd.image.name': 'localhost/x:1', 'org.opencontainers.image.ref.name': 'localhost/x:1' },
  })
  const manifest = document(folder, manifests[0]!)
  expect(manifest.config.mediaType).toBe('application/vnd.oci.image.config.v1+json')
  const image = document(folder, manifest.config)
  expect(image).toMatchObject({ architecture: 'amd64', os: 'linux', config, rootfs: { type: 'layers' } })
  expect(manifest.layers.map((layer) => layer.mediaType)).toEqual(['application/vnd.oci.image.layer.v1.tar+gzip'])
  const layer = blob(folder, manifest.layers[0]!)
  expect(facts.layerBytes).toEqual({ amd64: layer.length })
  expect(image.rootfs.diff_ids).toEqual([sha256(gunzipSync(layer))])
  expect(execFileSync('tar', ['-tzf', '-'], { input: layer, encoding: 'utf8' })).toBe('usr/\nusr/file\n')
  expect(readdirSync(join(folder, 'blobs', 'sha256'))).toHaveLength(3)
})

it('is an index of images for several processors', async () => {
  const facts = await writeArchive([aRoot('amd64', 'one'), aRoot('arm64', 'other')], options('a.tar'))
  const folder = unpacked(join(top, 'a.tar'))
  const { manifests } = indexOf(folder)
  expect(manifests).toHaveLength(1)
  expect(manifests[0]).toMatchObject({
    mediaType: 'application/vnd.oci.image.index.v1+json',
    digest: facts.digest,
    annotations: { 'io.containerd.image.name': 'localhost/x:1' },
  })
  const index = document(folder, manifests[0]!)
  expect(index.manifests.map(({ platform }) => platform)).toEqual([
    { architecture: 'amd64', os: 'linux' },
    { architecture: 'arm64', os: 'linux' },
  ])
  const images = index.manifests.map((one) => document(folder, document(folder, one).config))
  expect(images.map(({ architecture }) => architecture)).toEqual(['amd64', 'arm64'])
  expect(images[0]?.rootfs.diff_ids).not.toEqual(images[1]?.rootfs.diff_ids)
})

it('is the same twice, whenever it was staged, and another one for other content', async () => {
  const platform = aRoot('amd64', 'content')
  const first = await writeArchive([platform], options('a.tar'))
  utimesSync(join(platform.rootfs, 'usr', 'file'), 1, 1)
  const second = await writeArchive([platform], options('b.tar'))
  expect(second).toEqual(first)
  expect(readFileSync(join(top, 'a.tar')).equals(readFileSync(join(top, 'b.tar')))).toBe(true)
  const other = await writeArchive([aRoot('amd64', 'Content')], options('c.tar'))
  expect(other.digest).not.toBe(first.digest)
})

it('is the same whoever makes it: no mode of its own comes from the umask', async () => {
  await writeArchive([aRoot('amd64', 'content')], options('a.tar'))
  const listed = execFileSync('tar', ['-tvf', join(top, 'a.tar')], { encoding: 'utf8' })
    .trim()
    .split('\n')
  const modes = listed.map((line) => `${line.slice(0, 10)} ${line.endsWith('/') ? 'folder' : 'file'}`)
  expect([...new Set(modes)].sort()).toEqual(['-rw-r--r-- file', 'drwxr-xr-x folder'])
  execFileSync(process.execPath, ['--input-type=module', '-e', SCRIPT, join(top, 'rootfs-amd64'), join(top, 'b.tar')], {
    cwd: ROOT,
  })
  expect(readFileSync(join(top, 'b.tar')).equals(readFileSync(join(top, 'a.tar')))).toBe(true)
})

it('leaves the archive that was there, and nothing else, when it fails', async () => {
  const platform = aRoot('amd64', 'content')
  await writeArchive([platform], options('a.tar'))
  const before = readFileSync(join(top, 'a.tar'))
  symlinkSync('/etc/passwd', join(platform.rootfs, 'link'))
  await expect(writeArchive([platform], options('a.tar'))).rejects.toThrow('neither a file nor a folder')
  expect(readFileSync(join(top, 'a.tar')).equals(before)).toBe(true)
  expect(readdirSync(top).sort()).toEqual(['a.tar', 'rootfs-amd64'])
})
