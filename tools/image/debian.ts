import { readFileSync } from 'node:fs'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { reasonOf } from '../../core/errors.ts'
import type { Architecture } from './architectures.ts'
import { cached } from './cache.ts'
import { runCommand } from './command.ts'
import type { ImageWorld } from './world.ts'

/** A Debian package whose files are in the image. */
export interface DebianPackage {
  name: string
  version: string
  /** the source package, for who wants the code */
  source: string
  license: string
}

/** Debian's packages for one processor, unpacked. */
export interface DebianRoot {
  /** holds `lib/`, `usr/` and so on */
  folder: string
  /** those with files in the image */
  packages: DebianPackage[]
  /** `debian-12` */
  distribution: string
}

/** Those that Node is linked to, and the tools beside it, with their licences in SPDX's words. */
const PACKAGES: Record<string, string> = {
  coreutils: 'GPL-3.0-or-later',
  libc6: 'LGPL-2.1-or-later',
  'libgcc-s1': 'GPL-3.0-or-later WITH GCC-exception-3.1',
  'libstdc++6': 'GPL-3.0-or-later WITH GCC-exception-3.1',
}
/** What is in the cache is of this list; another one has a name of its own. */
const EDITION = 'coreutils'
/** The texts of common licences, and the name of the distribution. */
const TEXTS = 'base-files'

/**
 * The libraries and tools of the distribution that this machine's apt knows, for any processor; fetched once into the cache, without a
 * change to the machine's own packages.
 *
 * @throws when apt is not there or does not find them
 */
export async function debianRoot(architecture: Architecture, world: ImageWorld): Promise<DebianRoot> {
  const folder = await cached(join(world.cache, `debian-${architecture}-${EDITION}`), (temp) =>
    fetchPackages(architecture, temp, world),
  )
  const { packages, distribution } = JSON.parse(readFileSync(join(folder, 'packages.json'), 'utf8')) as Omit<DebianRoot, 'folder'>
  return { folder: join(folder, 'root'), packages, distribution }
}

async function fetchPackages(architecture: Architecture, folder: string, world: ImageWorld): Promise<void> {
  world.say(`fetching Debian's ${Object.keys(PACKAGES).join(', ')} for ${architecture} with apt`)
  for (const part of ['root', 'debs', 'apt/lists/partial', 'apt/archives/partial'])
    await mkdir(join(folder, part), { recursive: true })
  const apt = aptFor(architecture, folder)
  // One of the machine's sources may be out of reach and have none of these: only the download tells.
  const problem = await apt('update').then(() => '', reasonOf)
  await apt('download', ...Object.keys(PACKAGES), TEXTS).catch((cause: unknown) => {
    throw new Error([reasonOf(cause), problem].filter(Boolean).join('; before that: '), { cause })
  })
  // The copyright of the GCC libraries is in a package of its own, whose name has GCC's version in it.
  const [copyrights] = /gcc-\d+-base/.exec(await showDeb('libgcc-s1', '${Depends}', folder)) ?? []
  if (copyrights) await apt('download', copyrights)
  for (const deb of await readdir(join(folder, 'debs')))
    await runCommand('dpkg-deb', ['--extract', join('debs', deb), 'root'], folder)
  const packages = await Promise.all(Object.keys(PACKAGES).map((name) => describePackage(name, folder)))
  await writeFile(join(folder, 'packages.json'), JSON.stringify({ packages, distribution: distributionIn(folder) }))
  for (const part of ['debs', 'apt']) await rm(join(folder, part), { recursive: true })
}

/** apt with lists and packages in `folder` instead of the machine's, as if the machine had the other processor. */
function aptFor(architecture: Architecture, folder: string) {
  const options = {
    'Dir::State': join(folder, 'apt'),
    'Dir::State::status': '/dev/null',
    'Dir::Cache': join(folder, 'apt'),
    'APT::Architecture': architecture,
    'APT::Architectures::': architecture,
    // else root hands the download to a user who may not write here
    'APT::Sandbox::User': '',
  }
  const given = Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`])
  return (...args: string[]) => runCommand('apt-get', ['--quiet=2', ...given, ...args], join(folder, 'debs'))
}

async function describePackage(name: string, folder: string): Promise<DebianPackage> {
  const [version = '', source = ''] = (await showDeb(name, '${Version}\n${source:Package}', folder)).split('\n')
  return { name, version, source, license: PACKAGES[name] ?? '' }
}

/** Fields of a downloaded package, as dpkg's `format` asks for them. */
async function showDeb(name: string, format: string, folder: string): Promise<string> {
  const deb = (await readdir(join(folder, 'debs'))).find((file) => file.startsWith(`${name}_`)) ?? name
  return runCommand('dpkg-deb', [`--showformat=${format}`, '--show', join('debs', deb)], folder)
}

function distributionIn(folder: string): string {
  const text = readFileSync(join(folder, 'root', 'usr', 'lib', 'os-release'), 'utf8')
  return ['ID', 'VERSION_ID'].map((key) => new RegExp(`^${key}="?([^"\n]+)`, 'm').exec(text)?.[1]).join('-')
}
