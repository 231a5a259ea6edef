import { homedir } from 'node:os'
import { join } from 'node:path'
import { reasonOf } from '../../core/errors.ts'
import { readArgs, USAGE } from './args.ts'
import { buildImage } from './build.ts'
import { imageCache } from './cache.ts'
import { readProduct } from './lockfile.ts'
import { inMegabytes, MOST_PACKED_BYTES, roomsIn } from './sizes.ts'

/** `npm run image`: the OCI archive of the agent's image. */
const root = join(import.meta.dirname, '..', '..')
const say = (line: string) => process.stderr.write(`${line}\n`)

try {
  const { version } = readProduct(root)
  const options = readArgs(process.argv.slice(2), { root, version, nodeArch: process.arch })
  if (options) {
    const { digest, layerBytes } = await buildImage(options, { root, cache: imageCache(process.env, homedir()), say })
    for (const architecture of options.architectures) {
      const packed = layerBytes[architecture] ?? 0
      say(`${architecture}: ${inMegabytes(packed)} packed`)
      for (const [room, bytes] of roomsIn(join(options.staging, `rootfs-${architecture}`)))
        say(`  ${inMegabytes(bytes).padStart(9)}  ${room}`)
      if (packed > MOST_PACKED_BYTES) say(`  more than the ${inMegabytes(MOST_PACKED_BYTES)} that were promised`)
    }
    say(`${options.tag}@${digest}`)
    process.stdout.write(`${options.to}\n`)
  } else process.stdout.write(USAGE)
} catch (error) {
  process.stderr.write(`image: ${reasonOf(error)}\n`)
  process.exitCode = 1
}
