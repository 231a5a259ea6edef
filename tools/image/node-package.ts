import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ARCHITECTURES, type Architecture } from './architectures.ts'
import { cached } from './cache.ts'
import { runCommand } from './command.ts'
import { readLock } from './lockfile.ts'
import type { ImageWorld } from './world.ts'

/** Node's own build for one processor. */
export interface NodePackage {
  name: string
  version: string
  integrity: string
  /** holds `bin/node` and `LICENSE` */
  folder: string
}

/**
 * Node for `architecture`, in the version that the lockfile pins: what npm installed, or else fetched once into the cache.
 *
 * @throws when it cannot be fetched or is not what was pinned
 */
export async function nodePackage(architecture: Architecture, world: ImageWorld): Promise<NodePackage> {
  const { nodePackage: name } = ARCHITECTURES[architecture]
  const pin = pinOf(architecture, world.root)
  const installed = join(world.root, 'node_modules', name)
  const folder =
    versionIn(installed) === pin.version
      ? installed
      : await cached(join(world.cache, `${name}-${pin.version}`), (temp) => fetchPackage(name, pin, temp, world))
  return { name, ...pin, folder }
}

interface Pin {
  version: string
  integrity: string
}

/** Both processors get one version: raising it in package.json alone is an error that says where the other one stands. */
function pinOf(architecture: Architecture, root: string): Pin {
  const { packages } = readLock(root)
  const locked = packages[`node_modules/${ARCHITECTURES.amd64.nodePackage}`]
  const { pin, nodePackage: name } = ARCHITECTURES[architecture]
  if (!locked?.integrity) throw new Error(`package-lock.json does not pin ${ARCHITECTURES.amd64.nodePackage}`)
  if (!pin) return { version: locked.version, integrity: locked.integrity }
  if (pin.version === locked.version) return pin
  throw new Error(`package-lock.json has Node ${locked.version}, but tools/image/architectures.ts pins ${name} ${pin.version}`)
}

async function fetchPackage(name: string, pin: Pin, folder: string, world: ImageWorld): Promise<void> {
  world.say(`fetching ${name}@${pin.version} from the npm registry`)
  const file = (await runCommand('npm', ['pack', `${name}@${pin.version}`, '--silent'], folder)).trim()
  const found = `sha512-${createHash('sha512')
    .update(readFileSync(join(folder, file)))
    .digest('base64')}`
  if (found !== pin.integrity) throw new Error(`${name}@${pin.version} is not what was pinned: ${found}, not ${pin.integrity}`)
  await runCommand('tar', ['-xzf', file, 'package/bin/node', 'package/LICENSE', 'package/package.json'], folder)
  await rm(join(folder, file))
  for (const part of ['bin', 'LICENSE', 'package.json']) await rename(join(folder, 'package', part), join(folder, part))
}

function versionIn(folder: string): string | undefined {
  const file = join(folder, 'package.json')
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : undefined
}
