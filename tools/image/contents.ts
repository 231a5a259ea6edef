import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { rootCertificates } from 'node:tls'
import type { Architecture } from './architectures.ts'
import { TITLE, USERS } from './config.ts'
import { debianRoot } from './debian.ts'
import { withoutSymbols } from './elf.ts'
import { linkedLibraries } from './libraries.ts'
import { neededBy, productionPackages, readLock } from './lockfile.ts'
import { nodePackage } from './node-package.ts'
import { thirdPartyNotices } from './notices.ts'
import { sbomOf } from './sbom.ts'
import type { ImageWorld } from './world.ts'

/** A file of the image, or a folder that nothing else would make. */
export interface Entry {
  /** absolute, in the image */
  path: string
  mode: number
  /** without it, a folder; `file` is a path on disk */
  content?: { text: string } | { bytes: Buffer } | { file: string }
}

const FILE = 0o644
const PROGRAM = 0o755
/** Everyone may make files there, and remove only their own. */
const SHARED_FOLDER = 0o1777

/**
 * What pods of host collectors need: one waits in them, the other runs commands of the node, whose root is mounted. By path in the
 * image; Debian has them there or below `/`.
 */
const TOOLS = ['/usr/bin/sleep', '/usr/sbin/chroot']

/** All that the image for `architecture` holds. Throws an Error that says what is missing and how to get it. */
export async function imageContents(architecture: Architecture, world: ImageWorld): Promise<Entry[]> {
  const lib = libFiles(world.root)
  const lock = readLock(world.root)
  const node = await nodePackage(architecture, world)
  const debian = await debianRoot(architecture, world)
  const program = readFileSync(join(node.folder, 'bin', 'node'))
  const tools = TOOLS.map((path) => ({ path, program: readFileSync(toolIn(debian.folder, path)) }))
  const libraries = [program, ...tools.map((tool) => tool.program)].flatMap((one) => [
    ...linkedLibraries(one, debian.folder, architecture),
  ])
  const packages = productionPackages(lock)
  const parts = { version: lock.version, architecture, packages, direct: neededBy('', lock), node, debian }
  const text = (path: string, text: string): Entry => ({ path, mode: FILE, content: { text } })
  return [
    { path: '/tmp', mode: SHARED_FOLDER },
    { path: '/usr/bin/node', mode: PROGRAM, content: { bytes: withoutSymbols(program) } },
    ...tools.map((tool) => ({ path: tool.path, mode: PROGRAM, content: { bytes: withoutSymbols(tool.program) } })),
    ...[...new Map(libraries)].map(([path, file]) => ({ path, mode: PROGRAM, content: { file } })),
    text('/etc/passwd', lines(USERS.map(({ name, id, home }) => `${name}:x:${id}:${id}:${name}:${home}:/sbin/nologin`))),
    text('/etc/group', lines(USERS.map(({ name, id }) => `${name}:x:${id}:`))),
    // without it libc asks DNS for names of /etc/hosts
    text('/etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n'),
    // Node's own roots, not those of the machine that builds: its owner may trust authorities that nobody else does
    text('/etc/ssl/certs/ca-certificates.crt', lines(rootCertificates)),
    ...lib,
    // what is in lib/ are ES modules
    text('/app/package.json', `${JSON.stringify({ name: TITLE, version: lock.version, private: true, type: 'module' })}\n`),
    { path: '/app/LICENSE', mode: FILE, content: { file: join(world.root, 'LICENSE') } },
    text('/app/THIRD_PARTY_NOTICES', thirdPartyNotices(world.root, packages, node, debian)),
    text('/app/sbom.cdx.json', sbomOf(parts)),
  ]
}

function toolIn(root: string, path: string): string {
  const found = [path, path.replace('/usr', '')].map((one) => join(root, one)).find((one) => existsSync(one))
  if (!found) throw new Error(`there is no ${path} in Debian's coreutils in ${root}`)
  return found
}

function libFiles(root: string): Entry[] {
  const lib = join(root, 'dist', 'lib')
  if (!existsSync(join(lib, 'agent.js'))) throw new Error(`there is no ${join(lib, 'agent.js')}: run "npm run build" first`)
  return readdirSync(lib, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({ path: `/app/lib${file.slice(lib.length).split(sep).join('/')}`, mode: FILE, content: { file } }))
}

const lines = (all: readonly string[]) => all.map((line) => `${line}\n`).join('')
