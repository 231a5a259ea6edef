import type { Architecture } from './architectures.ts'
import { TITLE } from './config.ts'
import type { DebianRoot } from './debian.ts'
import { type Package, UNKNOWN_LICENSE } from './lockfile.ts'
import type { NodePackage } from './node-package.ts'

/** What the list of parts is made from. */
export interface Parts {
  version: string
  architecture: Architecture
  packages: readonly Package[]
  /** paths of the packages that the product itself names */
  direct: readonly string[]
  node: NodePackage
  debian: DebianRoot
}

/** The parts of the image in CycloneDX 1.6 (JSON): no serial number and no time, so that the same parts give the same text. */
export function sbomOf({ version, architecture, packages, direct, node, debian }: Parts): string {
  const product = {
    type: 'application',
    'bom-ref': TITLE,
    name: TITLE,
    version,
    ...licensed('Apache-2.0'),
  }
  const nodePurl = `pkg:npm/${node.name}@${node.version}`
  const nodeComponent = {
    type: 'application',
    'bom-ref': nodePurl,
    name: 'node',
    version: node.version,
    ...licensed('MIT'),
    purl: nodePurl,
    cpe: `cpe:2.3:a:nodejs:node.js:${node.version}:*:*:*:*:*:*:*`,
    ...hashed(node.integrity),
  }
  const libraries = debian.packages.map(({ name, version, license }) => {
    const [distribution = ''] = debian.distribution.split('-')
    const purl = `pkg:deb/${distribution}/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture}&distro=${debian.distribution}`
    return { type: 'library', 'bom-ref': purl, name, version, ...licensed(license), purl }
  })
  const modules = [...new Map(packages.map((one) => [purlOf(one), one]))].map(([purl, one]) => ({
    type: 'library',
    'bom-ref': purl,
    name: one.name,
    version: one.version,
    ...licensed(one.license),
    purl,
    ...hashed(one.integrity),
  }))
  const purls = new Map(packages.map((one) => [one.path, purlOf(one)]))
  const dependsOn = (paths: readonly string[]) => [...new Set(paths.flatMap((path) => purls.get(path) ?? []))].sort()
  const bom = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: product },
    components: [nodeComponent, ...libraries, ...modules],
    dependencies: [
      { ref: TITLE, dependsOn: [nodePurl, ...dependsOn(direct)] },
      { ref: nodePurl, dependsOn: libraries.map(({ purl }) => purl) },
      // one version may stand at several paths, each with the same needs by name
      ...[...Map.groupBy(packages, purlOf)].map(([ref, of]) => ({ ref, dependsOn: dependsOn(of.flatMap(({ needs }) => needs)) })),
    ],
  }
  return `${JSON.stringify(bom, undefined, 2)}\n`
}

const purlOf = ({ name, version }: Package) => `pkg:npm/${name.replace('@', '%40')}@${version}`

/** One licence by its SPDX id, an expression of several, or nothing where the author said nothing. */
function licensed(license: string) {
  if (license === UNKNOWN_LICENSE) return {}
  return { licenses: license.includes(' ') ? [{ expression: license }] : [{ license: { id: license } }] }
}

function hashed(integrity: string) {
  const [, sha512] = /^sha512-(\S+)$/.exec(integrity) ?? []
  return sha512 ? { hashes: [{ alg: 'SHA-512', content: Buffer.from(sha512, 'base64').toString('hex') }] } : {}
}
