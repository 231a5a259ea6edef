import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { readElf } from '../../tools/image/elf.ts'
import { BUSYBOX } from './images.ts'

/** What a node needs of its machine, and the Debian package that has it. */
const PARTS: readonly { path: string; package: string; isIt?: (path: string) => boolean }[] = [
  { path: '/usr/bin/containerd', package: 'containerd' },
  { path: '/usr/sbin/runc', package: 'runc' },
  { path: '/usr/lib/cni/ptp', package: 'containernetworking-plugins' },
  { path: '/usr/sbin/iptables', package: 'iptables' },
  { path: '/usr/sbin/conntrack', package: 'conntrack' },
  { path: '/sbin/ip', package: 'iproute2' },
  // package busybox has one of the same path that needs libraries
  { path: BUSYBOX, package: 'busybox-static', isIt: (path) => readElf(readFileSync(path)).interpreter === undefined },
  { path: '/usr/bin/openssl', package: 'openssl' },
  { path: '/bin/mount', package: 'mount' },
  { path: '/usr/bin/unshare', package: 'util-linux' },
]

/** Why no node can ever be started here; undefined when one can, once all packages are there. */
export function whyUnable(): string | undefined {
  if (process.platform !== 'linux') return `a node needs Linux, and this is ${process.platform}`
  if (process.getuid?.() !== 0) return 'a node needs root: it makes namespaces, mounts and cgroups'
  if (!existsSync('/etc/debian_version'))
    return 'a node needs Debian: containerd, runc and the CNI plug-ins come from its packages'
  return undefined
}

/** Names of the packages that are not there. */
export function missingPackages(): string[] {
  return PARTS.filter(({ path, isIt }) => !existsSync(path) || isIt?.(path) === false).map((part) => part.package)
}

/**
 * Installs packages by apt. Loud: what apt says is what the user needs when it fails.
 *
 * @throws a plain Error that names the packages
 */
export function installPackages(names: string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const apt = (...args: string[]) => execFileSync('apt-get', ['-qq', ...args], { env, stdio: ['ignore', 2, 2] })
  try {
    apt('update')
    apt('install', '-y', '--no-install-recommends', ...names)
  } catch (cause) {
    throw new Error(`missing: ${names.join(' ')}. apt-get could not install them; its words are above`, { cause })
  }
}
