/** A distribution in the words that host analyzers compare with; `family` is '' when it belongs to none. */
export interface Platform {
  platform: string
  family: string
  version: string
}

/** Gives the text of a file of the machine, undefined when there is none. */
export type Read = (path: string) => Promise<string | undefined>
type Named = Omit<Platform, 'family'>

/**
 * Release files, and what each says. The first file that has text decides, as in the peer; its order is kept because
 * derived distributions carry the files of those they derive from, and /etc/os-release rounds versions (12, not 12.11).
 */
const RELEASE_FILES: [path: string, identify: (text: string, read: Read) => Named | Promise<Named>][] = [
  ['/etc/oracle-release', (text) => ({ platform: 'oracle', version: releaseIn(text) })],
  ['/etc/enterprise-release', (text) => ({ platform: 'oracle', version: releaseIn(text) })],
  ['/etc/slackware-version', (text) => ({ platform: 'slackware', version: text.toLowerCase().replace('slackware ', '').trim() })],
  ['/etc/debian_version', debian],
  ['/etc/neokylin-release', redHatLike],
  ['/etc/redhat-release', redHatLike],
  ['/etc/system-release', redHatLike],
  ['/etc/gentoo-release', (text) => ({ platform: 'gentoo', version: releaseIn(text) })],
  ['/etc/SuSE-release', suse],
  ['/etc/arch-release', async (_, read) => ({ platform: 'arch', version: (await lsb(read)).release })],
  ['/etc/alpine-release', (text) => ({ platform: 'alpine', version: text.trim() })],
  ['/etc/os-release', osRelease],
]

/** Distributions that keep Debian's file, by the ID of /etc/lsb-release, and how they are called. */
const DEBIAN_DERIVED: Record<string, string> = {
  Ubuntu: 'ubuntu',
  LinuxMint: 'linuxmint',
  Kylin: 'Kylin',
  'Cumulus Linux': 'cumuluslinux',
  uos: 'uos',
  Deepin: 'Deepin',
}

const FAMILIES: Record<string, string> = {
  debian: 'debian ubuntu linuxmint raspbian Kylin cumuluslinux uos Deepin',
  rhel: 'oracle centos redhat scientific enterpriseenterprise amazon xenserver cloudlinux ibm_powerkvm rocky almalinux',
  suse: 'suse opensuse opensuse-leap opensuse-tumbleweed opensuse-tumbleweed-kubic sles sled caasp',
}
/** Families of one. */
const OWN_FAMILY = new Set('fedora gentoo slackware arch exherbo alpine coreos solus neokylin anolis'.split(' '))

/** Which distribution the release files name; undefined when there is no such file. */
export async function identifyPlatform(read: Read): Promise<Platform | undefined> {
  for (const [path, identify] of RELEASE_FILES) {
    const text = await read(path)
    if (text === undefined || text.trim() === '') continue
    const named = await identify(text, read)
    return { ...named, family: familyOf(named.platform) }
  }
  return undefined
}

function familyOf(platform: string): string {
  if (OWN_FAMILY.has(platform)) return platform
  return Object.keys(FAMILIES).find((family) => FAMILIES[family]?.split(' ').includes(platform)) ?? ''
}

async function debian(text: string, read: Read): Promise<Named> {
  const { id, release } = await lsb(read)
  const derived = DEBIAN_DERIVED[id]
  if (derived !== undefined) return { platform: derived, version: release }
  const isRaspbian = (await read('/usr/bin/raspi-config')) !== undefined
  return { platform: isRaspbian ? 'raspbian' : 'debian', version: text.split('\n')[0]?.trim() ?? '' }
}

function redHatLike(text: string): Named {
  const lower = text.toLowerCase()
  return { platform: lower.includes('red hat') ? 'redhat' : (lower.split(' ')[0] ?? ''), version: releaseIn(text) }
}

function suse(text: string): Named {
  const version = /^VERSION = ([\d.]+)/m.exec(text)?.[1] ?? ''
  const patch = /^PATCHLEVEL = (\d+)/m.exec(text)?.[1]
  const platform = text.toLowerCase().includes('opensuse') ? 'opensuse' : 'suse'
  return { platform, version: patch === undefined ? version : `${version}.${patch}` }
}

function osRelease(text: string): Named {
  const id = assigned(text, 'ID')
  return { platform: id === 'amzn' ? 'amazon' : id, version: assigned(text, 'VERSION_ID') }
}

function releaseIn(text: string): string {
  const lower = text.toLowerCase()
  return lower.includes('rawhide') ? 'rawhide' : (/release (\w[\d.]*)/.exec(lower)?.[1] ?? '')
}

async function lsb(read: Read): Promise<{ id: string; release: string }> {
  const text = (await read('/etc/lsb-release')) ?? ''
  return { id: assigned(text, 'DISTRIB_ID'), release: assigned(text, 'DISTRIB_RELEASE') }
}

/** The value of `NAME=value` or `NAME="value"`, else ''. */
function assigned(text: string, name: string): string {
  return new RegExp(`^${name}=["']?(.*?)["']?\\s*$`, 'm').exec(text)?.[1] ?? ''
}
