import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Architecture } from './architectures.ts'
import type { ImageConfig } from './config.ts'
import { tarOf } from './tar.ts'

/** A staged root folder, and for which processor it is. */
export interface Platform {
  architecture: Architecture
  rootfs: string
}

export interface ArchiveOptions {
  /** the archive; a file of that name is replaced once the new one is whole */
  to: string
  /** the image's full name, as in `localhost/x:1` */
  tag: string
  config: ImageConfig
  /** of gzip, 1 to 9 */
  level: number
}

/** What the image came to. */
export interface ArchiveFacts {
  /** what a registry calls the image: `sha256:…` of its manifest, or of the index of several */
  digest: string
  /** of the packed layer, by processor */
  layerBytes: Record<string, number>
}

/** How one document or layer refers to another, in the words of the OCI specification. */
interface Descriptor {
  mediaType: string
  digest: string
  size: number
  platform?: { architecture: string; os: 'linux' }
  annotations?: Record<string, string>
}

const MEDIA = {
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  config: 'application/vnd.oci.image.config.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
} as const

/** Packs staged folders into one OCI archive: an image for one processor, or an index of images for several. */
export async function writeArchive(platforms: readonly Platform[], options: ArchiveOptions): Promise<ArchiveFacts> {
  const layout = `${options.to}.tmp-layout`
  const blobs = join(layout, 'blobs', 'sha256')
  await rm(layout, { recursive: true, force: true })
  await mkdir(blobs, { recursive: true })
  try {
    const manifests: Descriptor[] = []
    const layerBytes: Record<string, number> = {}
    for (const platform of platforms) {
      const { layer, diffId } = await writeLayer(platform.rootfs, blobs, options.level)
      layerBytes[platform.architecture] = layer.size
      manifests.push(await writeImage(platform.architecture, layer, diffId, blobs, options.config))
    }
    const [only, ...more] = manifests
    const root =
      only && more.length === 0
        ? only
        : await writeBlob(MEDIA.index, { schemaVersion: 2, mediaType: MEDIA.index, manifests }, blobs)
    // the first is what the specification knows, the second what containerd names the image by
    const annotations = { 'org.opencontainers.image.ref.name': options.tag, 'io.containerd.image.name': options.tag }
    const index = { schemaVersion: 2, mediaType: MEDIA.index, manifests: [{ ...root, annotations }] }
    await writeFile(join(layout, 'index.json'), JSON.stringify(index))
    await writeFile(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
    await pipeline(tarOf(layout, { file: 0o644, folder: 0o755 }), createWriteStream(`${options.to}.tmp`))
    await rename(`${options.to}.tmp`, options.to)
    return { digest: root.digest, layerBytes }
  } finally {
    await rm(layout, { recursive: true, force: true })
    await rm(`${options.to}.tmp`, { force: true })
  }
}

/** Config and manifest of one image. */
async function writeImage(
  architecture: Architecture,
  layer: Descriptor,
  diffId: string,
  blobs: string,
  config: ImageConfig,
): Promise<Descriptor> {
  const image = {
    created: '1970-01-01T00:00:00Z',
    architecture,
    os: 'linux',
    config,
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created: '1970-01-01T00:00:00Z', created_by: 'npm run image' }],
  }
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config: await writeBlob(MEDIA.config, image, blobs),
    layers: [layer],
  }
  return { ...(await writeBlob(MEDIA.manifest, manifest, blobs)), platform: { architecture, os: 'linux' } }
}

async function writeBlob(mediaType: string, document: object, blobs: string): Promise<Descriptor> {
  const bytes = Buffer.from(JSON.stringify(document))
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  await writeFile(join(blobs, sha256), bytes)
  return { mediaType, digest: `sha256:${sha256}`, size: bytes.length }
}

/** The folder as a layer. Its own digest is of the packed bytes; `diffId`, which the config names, of the tar inside. */
async function writeLayer(folder: string, blobs: string, level: number): Promise<{ layer: Descriptor; diffId: string }> {
  const [plain, packed] = [createHash('sha256'), createHash('sha256')]
  const temp = join(dirname(blobs), 'layer')
  await pipeline(tarOf(folder), summedUp(plain), createGzip({ level }), summedUp(packed), createWriteStream(temp))
  const { size } = await stat(temp)
  const sha256 = packed.digest('hex')
  await rename(temp, join(blobs, sha256))
  return { layer: { mediaType: MEDIA.layer, digest: `sha256:${sha256}`, size }, diffId: `sha256:${plain.digest('hex')}` }
}

/** Lets bytes pass and hashes them. */
const summedUp = (hash: ReturnType<typeof createHash>) =>
  new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk)
      done(undefined, chunk)
    },
  })
