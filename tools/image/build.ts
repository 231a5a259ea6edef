import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Architecture } from './architectures.ts'
import { type ArchiveFacts, type Platform, writeArchive } from './archive.ts'
import { imageConfig } from './config.ts'
import { imageContents } from './contents.ts'
import { readProduct } from './lockfile.ts'
import { stage } from './stage.ts'
import type { ImageWorld } from './world.ts'

export interface BuildOptions {
  architectures: readonly Architecture[]
  to: string
  tag: string
  /** of gzip, 1 to 9; another level is another digest */
  level: number
  /** where the root folders are staged, as `rootfs-<architecture>` */
  staging: string
}

/** Stages the image for each processor and packs it. The same sources, packages and level give the same bytes. */
export async function buildImage(options: BuildOptions, world: ImageWorld): Promise<ArchiveFacts> {
  const { version, description } = readProduct(world.root)
  const platforms: Platform[] = []
  for (const architecture of options.architectures) {
    const rootfs = join(options.staging, `rootfs-${architecture}`)
    await stage(await imageContents(architecture, world), rootfs)
    platforms.push({ architecture, rootfs })
  }
  await mkdir(dirname(options.to), { recursive: true })
  return writeArchive(platforms, { ...options, config: imageConfig(version, description) })
}
